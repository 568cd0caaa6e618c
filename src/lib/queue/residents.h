/*
 * residents.h - programs of a spawner that stay for a moment when their delivery has
 * succeeded, in case the next one is for the same user.
 *
 *	spawner    over the socket of such a program, its descriptor
 *	           RESIDENTS_FD: {argument NUL}, with the message and what takes its
 *	           output as open descriptors
 *	program    RESIDENTS_DONE, once for each delivery, the first too, that has
 *	           succeeded and left nothing behind; then it waits
 *
 * Anything but a plain success is told as ever, by the end of the process and its
 * exit code.  The program belongs to a user, and is not trusted.
 */
#ifndef QUEUE_RESIDENTS_H
#define QUEUE_RESIDENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/vec.h"

#define RESIDENTS_FD   3
#define RESIDENTS_FDS  2 /* that go along with the arguments */
#define RESIDENTS_DONE "K"
#define RESIDENTS_MAX \
	20 /* that wait; one more ends the one that waits longest */
#define RESIDENTS_MS   1000 /* so long they wait */
#define RESIDENTS_JOBS 1000 /* deliveries of one process */

struct resident {
	pid_t pid;
	int fd; /* our end of its socket; -1: it does not stay */
	uid_t uid;
	gid_t gid;
	unsigned jobs;	     /* that it got */
	int64_t waits_since; /* clock_monotonic */
};

#define RESIDENT_NONE     \
	{                 \
		.fd = -1, \
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
