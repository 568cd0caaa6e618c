/*
 * qfix.h - the parts of qmail-qfix.
 *
 * Its work is a number of walks over the queue.  None of them believes that a
 * file is at its place: it is found by its number, flat or in whatever part.  So
 * a run that was interrupted needs no memory of what it had done.
 *
 * Steps return 0; -1 when a call failed, which is noted for main to tell.  What
 * is wrong in the queue is no failure: it is said, and counted.
 */
#ifndef ADMIN_QFIX_H
#define ADMIN_QFIX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "config/home.h"
#include "queue/path.h"

/* A folder or part that was made in this run. */
struct qfix_made {
	const char *name; /* NULL: a part of a folder */
	enum queue_folder folder;
	uint64_t part;
};

/* A call that failed. */
struct qfix_failure {
	const char *verb; /* "move"; NULL: none */
	struct str name;
	int number; /* errno */
};

struct qfix {
	struct home_ids ids;
	int queue;		    /* HOME/queue, open */
	int folders[QUEUE_FOLDERS]; /* likewise; -1: is not there */
	uint64_t split;		    /* as it is to be */
	bool sets_split;	    /* lock/split does not say so yet */
	bool mends;
	bool tells_all;	 /* not only what stands in the way of mending */
	bool has_begun;	 /* something was done that the old state is not */
	uint64_t wrong;	 /* things found so */
	uint64_t in_way; /* of these, such as only a person can decide */
	uint64_t moved, given, made, completed, removed;
	VEC(uint64_t) numbers; /* of the folder that is looked at */
	VEC(struct qfix_made) made_list;
	struct qfix_failure failure;
};

/* Where a name is. */
struct spot {
	int fd;			  /* the folder that holds it, open */
	enum queue_folder folder; /* QUEUE_FOLDERS: none of these */
	bool is_lock;		  /* lock/ */
	bool is_part;
	uint64_t part;
};

/* The subfolder of a part: "17". */
struct qfix_part {
	char s[24];
};

struct qfix_part qfix_part(uint64_t part);

/* ---- qfix_say.c: words ---- */

/* qfix_wrong: says, and counts, what is wrong with a file or folder.
 * qfix_in_way: the same, of what cannot be mended without a decision. */
void qfix_wrong(struct qfix *qfix, const struct spot *spot, const char *name,
    const char *what);
void qfix_in_way(struct qfix *qfix, const struct spot *spot, const char *name,
    const char *what);

/* qfix_wrong_number: the same: "mode is 750, should be 700". */
void qfix_wrong_number(struct qfix *qfix, const struct spot *spot,
    const char *name, const char *what, uint64_t is, uint64_t should);

/* qfix_failed: notes errno, and what it was that failed.  Returns -1. */
int qfix_failed(struct qfix *qfix, const char *verb, const struct spot *spot,
    const char *name);

/* qfix_line: a line for who reads it. */
void qfix_line(struct span line);

/* ---- qfix_rights.c: who may what ---- */

struct rights {
	enum home_user user;
	enum home_group group;
	unsigned mode;
};

/* rights_of_folder, rights_of_file: of one of the folders, of the files in it;
 * QUEUE_FOLDERS: of the queue itself. */
struct rights rights_of_folder(enum queue_folder folder);
struct rights rights_of_file(enum queue_folder folder);

/*
 * qfix_rights: compares, and mends if it is to.
 *   st          of it, links not followed
 *   may_own     it has no other name by which it might be a file of somebody
 *               else, who would lose it to the suite
 */
MUST_CHECK int
qfix_rights(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st, struct rights rights, bool may_own);

/* ---- qfix_walk.c: all names of a folder ---- */

/* Called for each name but "." and "..", parts included. */
typedef int (*qfix_look)(struct qfix *qfix, const struct spot *spot,
    const char *name, const struct stat *st);

/* qfix_walk: all that a folder and its parts hold; nothing if it is missing. */
MUST_CHECK int
qfix_walk(struct qfix *qfix, enum queue_folder folder, qfix_look look);

/* qfix_walk_all: all folders, one after the other. */
MUST_CHECK int qfix_walk_all(struct qfix *qfix, qfix_look look);

/* qfix_is_part: whether this is the subfolder of a part, used or not. */
bool qfix_is_part(const struct spot *spot, const char *name,
    const struct stat *st, uint64_t *part);

/* qfix_is_file: whether this is a file of a message; is_new: one that was being
 * made when something ended, N.new. */
bool qfix_is_file(
    const char *name, const struct stat *st, uint64_t *number, bool *is_new);

/* qfix_is_placed: whether a file of this number belongs where it is. */
bool qfix_is_placed(
    const struct qfix *qfix, const struct spot *spot, uint64_t number);

/* qfix_open_part: opens a part of a folder.  Descriptor, -1 with errno. */
MUST_CHECK int qfix_open_part(
    const struct qfix *qfix, enum queue_folder folder, uint64_t part);

/* ---- qfix_gate.c: nobody else is here, and nobody comes in ---- */

struct gate {
	struct stat before; /* the queue as it was found */
	bool was_shut;	    /* by a run that was interrupted */
	bool is_shut;	    /* by that one or this */
};

/*
 * gate_begin: opens the queue and takes the locks of the daemons.
 * Returns NULL; else why not, with errno 0 if that is no failed call.
 */
const char *gate_begin(struct qfix *qfix, struct gate *gate);

/* gate_find_writer: whether somebody is at work on a message of the queue; says
 * which.  Returns 1, 0; -1 when a call failed. */
MUST_CHECK int gate_find_writer(struct qfix *qfix);

/* gate_shut: from now on, also after this process, only root comes in. */
MUST_CHECK int gate_shut(struct qfix *qfix, struct gate *gate);

/* gate_open: all is on the disk, and the queue is for its users again. */
MUST_CHECK int gate_open(struct qfix *qfix, struct gate *gate);

/* gate_give_back: nothing was done: the queue is again as it was found.
 * Returns false if it stays shut. */
bool gate_give_back(struct qfix *qfix, struct gate *gate);

/* ---- qfix_folders.c: folders, and the files that are always there ---- */

/* folders_open: opens what is there of the folders. */
MUST_CHECK int folders_open(struct qfix *qfix);

/* folders_make: makes what is missing, and lock/split.new. */
MUST_CHECK int folders_make(struct qfix *qfix);

/* folders_unmake: takes away what folders_make made. */
void folders_unmake(struct qfix *qfix);

/* folders_trim: takes folders away that are empty and of no use. */
MUST_CHECK int folders_trim(struct qfix *qfix);

/* folders_look: checks or mends their rights, and tells of missing ones. */
MUST_CHECK int folders_look(struct qfix *qfix);

/* fixed_look: checks or mends what is in lock/. */
MUST_CHECK int fixed_look(struct qfix *qfix);

/* fixed_write_split: writes lock/split beside the one that counts;
 * fixed_set_split: has it count. */
MUST_CHECK int fixed_write_split(struct qfix *qfix);
MUST_CHECK int fixed_set_split(struct qfix *qfix);

/* ---- qfix_files.c: files of messages ---- */

/* files_look: checks them all, places and rights. */
MUST_CHECK int files_look(struct qfix *qfix);

/* files_gather: moves each to its part. */
MUST_CHECK int files_gather(struct qfix *qfix);

/* files_give: mends their rights. */
MUST_CHECK int files_give(struct qfix *qfix);

/* ---- qfix_envelope.c: envelopes of other suites ---- */

/* envelopes_look: of what is in todo: whether it has its end, and whether intd
 * is the same file; mends that. */
MUST_CHECK int envelopes_look(struct qfix *qfix);

#endif
