/*
 * tally.h - the counters of qmail-metrics: of each family one for each set of words
 * that its labels have.  All words are of small sets, whoever wrote the log.
 */
#ifndef LOGS_TALLY_H
#define LOGS_TALLY_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "base/wordset.h"
#include "metrics.h"

#define TALLY_SERIES_MAX 8192 /* of all families; more are not counted */
#define TALLY_STEP_MAX	 (UINT64_C(1) << 40) /* that is added at once */

enum tally_family {
	TALLY_MESSAGES,
	TALLY_BYTES,
	TALLY_ENDED,
	TALLY_NOTICES,
	TALLY_DELIVERIES,
	TALLY_DELAY,	 /* words: channel, bound; a count for each bucket */
	TALLY_DELAY_SUM, /* channel; milliseconds; shown with TALLY_DELAY */
	TALLY_TLS,
	TALLY_TROUBLE,
	TALLY_ACCEPTED,
	TALLY_ACCEPTED_BYTES,
	TALLY_ACCEPTED_RECIPIENTS,
	TALLY_SESSIONS,
	TALLY_REFUSED,
	TALLY_CONNECTIONS,
	TALLY_LOGINS,
	TALLY_TLS_FAILED,
	TALLY_DMARC,
	TALLY_SPF,
	TALLY_STS,
	TALLY_LINES,
	TALLY_FAMILIES /* their number */
};

struct tally_series {
	enum tally_family family;
	struct str words; /* values of the labels, with a blank between them */
	uint64_t number;
};

struct tally {
	struct wordset names; /* numbers in the array */
	VEC(struct tally_series) series;
};

/* tally_init: all that is always shown, at 0. */
void tally_init(struct tally *tally);

/*
 * tally_add: adds to a counter.
 *   words    as many as the family has labels, and of TALLY_DELAY a bound, each
 *            without blanks and not empty, with a blank between them
 *   number   more than TALLY_STEP_MAX is not counted: it is no figure of ours
 */
void tally_add(struct tally *tally, enum tally_family family, const char *words,
    uint64_t number);

/*
 * tally_add_delay: adds a delivery to the histogram.
 *   channel        "local" or "remote"
 *   milliseconds   from acceptance on
 */
void tally_add_delay(
    struct tally *tally, const char *channel, uint64_t milliseconds);

/* tally_print: adds all of them to the text. */
void tally_print(struct tally *tally, struct metrics *metrics);

/*
 * tally_list: the counters of a family that are not 0, the largest first.
 *   list   receives them, good until the next is added; to be released with vec_free
 */
struct tally_list {
	VEC(const struct tally_series *) found;
};
void tally_list(const struct tally *tally, enum tally_family family,
    struct tally_list *list);

/* tally_sum: all counters of a family together. */
uint64_t tally_sum(const struct tally *tally, enum tally_family family);

/* tally_save: adds a line "count NAME WORDS NUMBER" for each to text. */
void tally_save(const struct tally *tally, struct str *text);

/*
 * tally_load: sets a counter to what a line of tally_save says, behind "count ".
 * Returns false if it is none; one of a family that there is no more is passed over.
 */
MUST_CHECK bool tally_load(struct tally *tally, struct span line);

/* tally_free: releases the memory. */
void tally_free(struct tally *tally);

#endif
