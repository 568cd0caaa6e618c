/*
 * residents.h - programs of a spawner that stay for a moment when their delivery has
 * succeeded, in case the next one is for the same user.
 *
 *	spawner    over the socket of such a program, its descriptor
 *	           RESIDENTS_FD: {argument NUL}, with the message and what takes its
 *	           output as open descriptors
 *	program    RESIDENTS_DONE, into a pipe, its descriptor RESIDENTS_DONE_FD, once
 *	           for each delivery, the first too, that has succeeded and left
 *	           nothing behind; then it waits
 *
 * It is a pipe, and the socket takes nothing from the program: by a socket a user could
 * send us a descriptor that is slow to close.  Anything but a plain success is told as
 * ever, by the end of the process and its exit code.  The program belongs to a user, and
 * is not trusted.
 */
#ifndef QUEUE_RESIDENTS_H
#define QUEUE_RESIDENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/vec.h"

/* How such a program is called (argv[0]): one that stands in its place, and starts it,
 * starts each. */
#define RESIDENTS_NAME	  "qmail-local-stays"
#define RESIDENTS_FD	  3
#define RESIDENTS_DONE_FD 4
#define RESIDENTS_FDS	  2 /* that go along with the arguments */
#define RESIDENTS_DONE	  "K"
#define RESIDENTS_MAX \
	20 /* that wait; one more ends the one that waits longest */
#define RESIDENTS_MS   1000 /* so long they wait */
#define RESIDENTS_JOBS 1000 /* deliveries of one process */

struct resident {
	pid_t pid;
	int jobs; /* our end of its socket; it does not block */
	int done; /* our end of its pipe, likewise; -1: it does not stay */
	uid_t uid;
	gid_t gid;
	unsigned count;	     /* of deliveries that it got */
	int64_t waits_since; /* clock_monotonic */
};

#define RESIDENT_NONE                   \
	{                               \
		.jobs = -1, .done = -1, \
	}

/* Those that wait. */
struct residents {
	VEC(struct resident) waiting;
};

/*
 * residents_take: one that waits, and gets a job.
 *   record   its arguments
 *   fds      RESIDENTS_FDS of them
 *   taken    receives it; it waits no more
 * Returns false if there is none: start one.
 */
MUST_CHECK bool residents_take(struct residents *residents, uid_t uid,
    gid_t gid, struct span record, const int *fds, struct resident *taken);

/* residents_hear: what one says that works.  Returns 1: it is done, and waits; 0:
 * nothing yet; -1: it will not stay, wait for its end. */
MUST_CHECK int residents_hear(struct resident *resident);

/*
 * residents_open: makes the ways to and from a program that is about to be started.
 *   theirs   receives what become its descriptors RESIDENTS_FD and RESIDENTS_DONE_FD
 * Returns 0; -1 with errno: nothing is open.
 */
MUST_CHECK int residents_open(struct resident *resident, int theirs[2]);

/* residents_let_go: closes our ends, if they are open. */
void residents_let_go(struct resident *resident);

/* residents_keep: one is done; it waits from now on, or ends if it has had enough. */
void
residents_keep(struct residents *residents, const struct resident *resident);

/*
 * residents_end_some: ends those that have waited long enough; all: all of them.
 *   deadline   of clock_monotonic, made earlier if another will have waited long
 *              enough; 0: none
 */
void
residents_end_some(struct residents *residents, bool all, int64_t *deadline);

/* residents_bury: a process was reaped.  Returns whether it was one that waited. */
bool residents_bury(struct residents *residents, pid_t pid);

#endif
