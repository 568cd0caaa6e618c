/*
 * logset.h - the lines of many logs, in order of time.  A log is a folder of
 * multilog(8), which has its files in order, or a file.
 *
 *	logset_add(&set, path) ...
 *	logset_begin(&set)
 *	while (logset_next(&set, &entry, &name)) ...
 *
 * The files stay open, so that they are the same when they are read again,
 * whatever multilog does meanwhile.
 * Input: hostile
 */
#ifndef LOGS_LOGSET_H
#define LOGS_LOGSET_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/vec.h"
#include "sys/lines.h"
#include "entry.h"

#define LOGSET_FILES_MAX 4096  /* of all logs together */
#define LOGSET_BUFFER	 65536 /* bytes of the buffer of a log */

struct logset_file {
	struct str name;
	int fd;
};

struct logset_log {
	struct str path, name; /* of its folder, or of the file */
	VEC(struct logset_file) files;
	size_t at; /* the file that is read; all of them: it is over */
	char *buffer;
	struct lines lines;
	bool has_entry; /* one that was read and not taken yet */
	struct entry entry;
};

struct logset {
	const char *program;
	VEC(struct logset_log *) logs;
	size_t files;
	struct logset_log *last; /* whose line was taken; its entry is in use */
};

#define LOGSET_INIT(name)       \
	{                       \
		.program = name \
	}

/*
 * logset_add: adds a log: a file; a folder with files "current", "previous" or "@...s"
 * and "@...u", those in it; or a folder of such folders.
 * Ends the program with 111 if it cannot be opened; returns false if there is
 * no log.
 */
MUST_CHECK bool logset_add(struct logset *set, const char *path);

/*
 * logset_add_all: adds the logs of these paths, up to NULL; without any, all below
 * HOME/log.  Ends the program with 111 if one cannot be opened, or is none.
 */
void logset_add_all(struct logset *set, char **paths);

/* logset_begin: from the first line on, again. */
void logset_begin(struct logset *set);

/*
 * logset_next: takes the earliest line.  One without a time comes behind the one
 * before it in its log, and gets its time.
 *   entry   receives it, whether it fits a form or not; good until the next call
 *   name    receives the name of its log
 * Returns false at the end.  Ends the program with 111 if it cannot be read.
 */
MUST_CHECK bool
logset_next(struct logset *set, const struct entry **entry, struct span *name);

/* logset_free: closes all, and releases the memory. */
void logset_free(struct logset *set);

#endif
