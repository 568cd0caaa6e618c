/*
 * progress.h - what qmail-metrics has counted, in a file: the counters, and how far each
 * log was read.  It is replaced as a whole, so that nothing is counted twice, or by half.
 *
 *	qmail-metrics 1
 *	count NAME WORDS NUMBER          for each counter, see tally.h
 *	log PATH                         for each log, and behind it
 *	at INODE OFFSET PRINT SECONDS NANOSECONDS
 *	open DELIVERY MESSAGE CHANNEL    for each delivery of it that has not ended
 *	end
 *
 * Input: our own
 */
#ifndef LOGS_PROGRESS_H
#define LOGS_PROGRESS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "growth.h"
#include "open.h"
#include "tally.h"

#define PROGRESS_BYTES_MAX (64u << 20) /* of the file */
#define PROGRESS_LOGS_MAX  1024
#define PROGRESS_MODE	   0644u

struct progress_log {
	struct str path;
	struct growth growth;
	struct open deliveries;
};

struct progress {
	struct tally tally;
	VEC(struct progress_log *) logs;
};

/*
 * progress_read: reads the file.
 *   progress   receives it; all is 0 if there is none
 * Returns 1; 0 if there is none; -1 with errno: EBADMSG if it is damaged.
 */
MUST_CHECK int progress_read(struct progress *progress, const char *path);

/*
 * progress_log: the log of a path, as new if it is not known.
 * Returns NULL if it is one too many.
 */
struct progress_log *progress_log(struct progress *progress, struct span path);

/* progress_write: puts it into the place of the file.  Returns 0, -1 with errno. */
MUST_CHECK int
progress_write(const struct progress *progress, const char *path);

/* progress_free: releases the memory. */
void progress_free(struct progress *progress);

#endif
