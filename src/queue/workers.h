/*
 * workers.h - processes that serve at one door, a guest at a time each, and go on to
 * the next.  Whenever all of them have guests another is started: whoever comes is
 * let in at once, however many guests stay for long.
 *
 * They know of each other by a table in memory that all share.
 */
#ifndef QUEUE_WORKERS_H
#define QUEUE_WORKERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

#define WORKERS_GUESTS 500 /* at once */
#define WORKERS_SHARE  50  /* at once, of one user without privilege */
/* One more, who tells that there is no place. */
#define WORKERS (WORKERS_GUESTS + 1)

struct worker {
	_Atomic uint32_t state; /* of enum worker_state */
	_Atomic uint32_t uid;	/* of its guest */
	pid_t pid;		/* the parent alone knows it */
};

struct workers {
	struct worker *table; /* of WORKERS, shared */
	struct worker *own;   /* in a worker: its own */
	int wanted[2];	      /* a pipe: a byte says that another is wanted */
	int64_t pause_end;    /* till then none is started; 0: none */
	pid_t parent;
};

/* workers_init: returns 0, -1 with errno. */
MUST_CHECK int workers_init(struct workers *workers);

/*
 * workers_keep: in the parent: buries those that have ended, and starts one if none
 * waits for a guest.
 *   run   what it does, in a process that ends when this one does; it returns the
 *         exit code.  One that ends with another than 0 while it had no guest is
 *         replaced after a second.
 * Returns false if none waits, and none can be started now.
 */
MUST_CHECK bool workers_keep(struct workers *workers,
    int (*run)(struct workers *workers, int door), int door);

/* workers_bury: buries those that have ended.  Returns whether others are left. */
bool workers_bury(struct workers *workers);

/* workers_wait_for_guest: a worker has none; whether others are like that. */
bool workers_wait_for_guest(struct workers *workers);

/*
 * workers_have_guest: a worker has one.
 *   uid             of him
 *   is_privileged   whether one user may take all places
 * Returns whether there is a place for him.
 */
MUST_CHECK bool
workers_have_guest(struct workers *workers, uid_t uid, bool is_privileged);

#endif
