/*
 * growth.h - what a log has grown by since it was read last, though multilog(8) has
 * given its files other names meanwhile, or taken some away.
 */
#ifndef LOGS_GROWTH_H
#define LOGS_GROWTH_H

#include <stdint.h>

#include "base/span.h"
#include "logset.h"
#include "mail/logevent.h"

#define GROWTH_PRINT 64 /* bytes before the place, by which it is known again */

/* Where a log was read to; all zero: not at all. */
struct growth {
	uint64_t inode, offset; /* of the file, and in it */
	uint64_t print;		/* of the bytes before that */
	struct logstamp last;	/* the latest stamp of a line that was taken */
};

/*
 * growth_read: calls for each whole line that is new, and moves the place behind it.
 * If the file of the place is gone, all lines are new that have no stamp, or a later
 * one than any that was taken.
 *   log   of logset_add
 * Ends the program with 111 if a file cannot be read.
 */
void growth_read(struct growth *growth, const struct logset *set,
    const struct logset_log *log, void (*take)(void *context, struct span line),
    void *context);

#endif
