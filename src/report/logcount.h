/*
 * logcount.h - lines of a log of one day, and how many of them say the same.
 * Input: lines of ours, with names of strangers in them
 */
#ifndef REPORT_LOGCOUNT_H
#define REPORT_LOGCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define LOGCOUNT_KINDS_MAX 200000 /* that differ; no more are told of */
#define LOGCOUNT_DAY	   86400  /* seconds */

struct logcount {
	VEC(struct str)
	keys;		      /* of each line, or one of many that are alike */
	VEC(uint64_t) counts; /* how many */
	size_t sorted;	      /* so many of them are sorted, and differ */
	uint64_t left_out;    /* lines beyond LOGCOUNT_KINDS_MAX */
};

#define LOGCOUNT_INIT                    \
	{                                \
		VEC_INIT, VEC_INIT, 0, 0 \
	}

/*
 * logcount_read: reads a log on descriptor 0 to its end.
 *   take   is called for each line, without its end
 * Ends the program with error_exit if it cannot be read.
 */
void logcount_read(const char *program, struct logcount *count, int64_t day,
    void (*take)(struct logcount *count, struct span line, int64_t day));

/*
 * logcount_is_of_day: whether a line has a stamp of TAI64N of a day, which is taken
 * off.
 *   day   its first second, since 1970, UTC
 */
MUST_CHECK bool logcount_is_of_day(struct span *line, int64_t day);

/* logcount_value: the value of a word name=value, without quotes around it; the empty
 * span: there is none. */
struct span logcount_value(struct span words, struct span name);

/* logcount_has_room: whether one more can be counted; else it is left out. */
MUST_CHECK bool logcount_has_room(struct logcount *count);

/* logcount_add_part: adds a part to a key, in small letters. */
void logcount_add_part(struct str *key, struct span part);

/* logcount_add: counts a key, which is handed over. */
void logcount_add(struct logcount *count, struct str *key);

/* logcount_sort: makes one of those that are alike, in order. */
void logcount_sort(struct logcount *count);

/* logcount_parts: after that, the parts of key number index; those that are missing
 * are empty. */
void logcount_parts(const struct logcount *count, size_t index,
    struct span *const parts[], size_t len);

/* logcount_next: behind those from first on that have the same first part. */
size_t logcount_next(const struct logcount *count, size_t first);

#endif
