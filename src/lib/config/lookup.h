/*
 * lookup.h - the accounts of local parts, asked of qmail-getpw: several of it
 * stay and answer, started on demand, so that one name whose answer is slow
 * holds nobody else.
 *
 * Nothing here waits.  A job asks; until it is told something else than ASKED
 * it asks again whenever lookup_hear says that there is news.
 */
#ifndef CONFIG_LOOKUP_H
#define CONFIG_LOOKUP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "sys/spawn.h"

#define LOOKUP_HELPERS 8     /* qmail-getpws at most */
#define LOOKUP_MS      30000 /* for one answer */
#define LOOKUP_REST_MS 60000 /* a helper that was too slow is not replaced */
#define LOOKUP_KNOWN   64    /* answers that are remembered */

enum lookup_state {
	LOOKUP_ASKED,  /* not answered yet */
	LOOKUP_FOUND,  /* here is a record */
	LOOKUP_FAILED, /* no answer now */
};

/* A local part that somebody waits for. */
struct lookup_question {
	enum lookup_state state;
	bool is_sent;
	int64_t until; /* clock_monotonic; then it has failed */
	struct str local_part, record;
};

/* A qmail-getpw, or the place for one. */
struct lookup_helper {
	int fd;		       /* -1: not running */
	pid_t pid;	       /* 0: has ended */
	int64_t until;	       /* it must answer; or, not running: it rests */
	struct str local_part; /* what it was asked; empty: nothing */
};

/* What was said a moment ago: a burst of mail for one user asks once. */
struct lookup_known {
	struct str local_part, record;
	int64_t until;
};

struct lookup {
	const char *program;
	const struct spawn_ids *ids; /* of the helpers; NULL: ours */
	int64_t patience, rest;	     /* LOOKUP_MS, LOOKUP_REST_MS */
	struct lookup_helper helpers[LOOKUP_HELPERS];
	VEC(struct lookup_question) questions;
	struct lookup_known known[LOOKUP_KNOWN];
};

/*
 * lookup_init: nothing is started yet.
 *   program   qmail-getpw; it and ids must stay
 */
void lookup_init(
    struct lookup *lookup, const char *program, const struct spawn_ids *ids);

/*
 * lookup_ask: the record for a local part, which is not empty.
 *   record   receives it if it is LOOKUP_FOUND, as qmail-getpw said it
 * Who asked LOOKUP_MS ago is told LOOKUP_FAILED.
 */
enum lookup_state
lookup_ask(struct lookup *lookup, struct span local_part, struct str *record);

/*
 * lookup_watch: what is to be polled, and until when.
 *   fds        room for LOOKUP_HELPERS
 *   deadline   clock_monotonic; made earlier if need be; 0: none
 * Returns the number of fds.  What was told lookup_ask before is forgotten.
 */
size_t
lookup_watch(struct lookup *lookup, struct pollfd *fds, int64_t *deadline);

/*
 * lookup_hear: takes what came.
 *   fds   as lookup_watch made them, with what poll said
 * Returns whether something is not LOOKUP_ASKED any more.
 */
bool lookup_hear(struct lookup *lookup, const struct pollfd *fds);

/* lookup_child_ended: a child was reaped; it may have been a helper. */
void lookup_child_ended(struct lookup *lookup, pid_t pid);

/* lookup_end: ends all helpers, and frees all. */
void lookup_end(struct lookup *lookup);

#endif
