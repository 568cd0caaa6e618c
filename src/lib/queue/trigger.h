/*
 * trigger.h - lock/trigger, the FIFO that tells qmail-todo of new mail.
 *
 * qmail-queue writes the message number and a newline.  Any other bytes, from
 * anyone else, mean: look at everything.  Nobody waits for the trigger.
 */
#ifndef QUEUE_TRIGGER_H
#define QUEUE_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"

struct trigger {
	int read_fd, write_fd; /* our own writing end keeps it from ending */
	size_t full;	       /* bytes: with these a writer may find no room */
	VEC(uint64_t) numbers; /* told since the last trigger_read */
	bool wants_scan;       /* something else was told: look at everything */
};

/* trigger_pull: tells of a new message; failures do not matter.  The last
 * thing its caller does: the descriptor is left to the end of the process. */
void trigger_pull(uint64_t number);

/*
 * trigger_open: opens the FIFO for reading, without blocking.
 * Returns 0; -1 with errno: ENOENT, EINVAL if it is no FIFO.
 */
MUST_CHECK int trigger_open(struct trigger *trigger);

/* trigger_close: closes what trigger_open opened, or nothing. */
void trigger_close(struct trigger *trigger);

/*
 * trigger_read: takes what was written.  numbers holds the message numbers
 * told; wants_scan is set, and never cleared, when anything else came or
 * something may have been lost.
 */
void trigger_read(struct trigger *trigger);

#endif
