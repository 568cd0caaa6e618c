/*
 * logcount.h - lines of a log of one day, how many of them say the same, and of which
 * domain.
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
#include "base/wordset.h"

/* Kinds of lines that differ, and bytes of them: what a stranger makes of his domain takes
 * the place of no other, as long as he has not many of them. */
#define LOGCOUNT_KINDS_MAX	  400000       /* of all domains */
#define LOGCOUNT_BYTES_MAX	  (128u << 20) /* likewise */
#define LOGCOUNT_DOMAIN_MAX	  50000 /* of a domain: rows of its report */
#define LOGCOUNT_DOMAIN_BYTES_MAX (16u << 20)
#define LOGCOUNT_DAY		  86400 /* seconds */
#define LOGCOUNT_NAMES_MAX	  32	/* of logcount_values */

struct logcount_domain {
	uint64_t lines;	   /* that were counted */
	uint64_t left_out; /* beyond the limits of a domain */
	size_t kinds, bytes;
	struct str facts; /* that were told last in the day, and when */
	int64_t facts_time;
};

struct logcount {
	struct wordset domain_names, kind_keys; /* numbers in the arrays */
	VEC(struct logcount_domain) domains;
	VEC(uint64_t) counts; /* of the kinds: how many lines */
	VEC(size_t) order;    /* of the kinds, after logcount_sort */
	uint64_t left_out;    /* lines beyond the limits of all */
	int64_t first; /* time of the first line, of whatever day; 0: none */
};

/* logcount_init: as before the first line. */
void logcount_init(struct logcount *count);

/*
 * logcount_read: reads a log on descriptor 0 to its end, and sorts.
 *   take   is called for each line of the day, without its stamp and its end; longer
 *          ones than any that we write are passed over
 *   day    its first second, since 1970, UTC
 * Ends the program with error_exit if it cannot be read.
 */
void logcount_read(const char *program, struct logcount *count, int64_t day,
    void (*take)(struct logcount *count, struct span line, int64_t seconds));

/*
 * logcount_values: the values of the words of a line, NAME=VALUE or NAME="VALUE", with
 * blanks between; in quotes there may be blanks.
 *   names    count of them, LOGCOUNT_NAMES_MAX at most, without "="
 *   values   receives theirs; empty: there is none
 * Returns false if the line was cut, or another runs into it: a word is none, a quote has
 * no end, or a name is there twice.
 */
MUST_CHECK bool logcount_values(struct span words, const char *const names[],
    size_t count, struct span values[]);

/* logcount_add_part: adds a part to a key, in small letters. */
void logcount_add_part(struct str *key, struct span part);

/*
 * logcount_add: counts a key, if there is room for it.
 *   key       its first part is the domain
 *   facts     what the line says of the domain; the last word in the day counts
 *   seconds   when
 */
void logcount_add(struct logcount *count, const struct str *key,
    struct span facts, int64_t seconds);

/* logcount_sort: puts kinds of one domain together; the domain with most lines comes
 * first, for there may be no time for all. */
void logcount_sort(struct logcount *count);

/* logcount_count: after that, how many lines are like number index. */
uint64_t logcount_count(const struct logcount *count, size_t index);

/* logcount_parts: the parts of its key; those that are missing are empty. */
void logcount_parts(const struct logcount *count, size_t index,
    struct span *const parts[], size_t len);

/* logcount_domain: its domain. */
const struct logcount_domain *
logcount_domain(const struct logcount *count, size_t index);

/* logcount_next: behind those from first on that are of the same domain. */
size_t logcount_next(const struct logcount *count, size_t first);

#endif
