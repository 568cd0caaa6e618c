/*
 * survey.h - what qmail-report finds in logs.  Memory is bounded, whatever they hold.
 * Input: hostile
 */
#ifndef LOGS_SURVEY_H
#define LOGS_SURVEY_H

#include <stdint.h>

#include "base/vec.h"
#include "entry.h"
#include "open.h"
#include "rows.h"
#include "tally.h"

#define SURVEY_ROWS_MAX	 100000	     /* senders, recipients, domains; each */
#define SURVEY_BYTES_MAX (16u << 20) /* of their names; likewise */
#define SURVEY_HOURS_MAX 20000	     /* that the chart knows: two years */
#define SURVEY_DELAYS	 400 /* steps of a delay; each an eighth longer, or less */

enum survey_channel {
	SURVEY_LOCAL,
	SURVEY_REMOTE,
	SURVEY_CHANNELS /* their number */
};

enum survey_result {
	SURVEY_SUCCESS,
	SURVEY_DEFERRAL,
	SURVEY_FAILURE,
	SURVEY_RESULTS /* their number */
};

/* Deliveries of a log that have not ended, for the counters and for the tables. */
struct survey_log {
	struct str name;
	struct open counted, named;
};

struct survey_hour {
	uint64_t results[SURVEY_RESULTS];
};

struct survey {
	int64_t from;	     /* seconds since 1970: nothing before counts */
	int64_t first, last; /* times of lines that count; 0: none */
	uint64_t lines;	     /* that count */
	struct tally tally, before;
	VEC(struct survey_log *) logs;
	struct rows senders, recipients, domains;
	uint64_t results[SURVEY_CHANNELS][SURVEY_RESULTS];
	uint64_t delays[SURVEY_CHANNELS][SURVEY_DELAYS];
	VEC(struct survey_hour) hours; /* from that of the first line on */
};

/* survey_init: nothing yet; `from` as above. */
void survey_init(struct survey *survey, int64_t from);

/*
 * survey_take: takes a line.
 *   name   of its log
 */
void
survey_take(struct survey *survey, const struct entry *entry, struct span name);

/*
 * survey_delay: the delay that a part of the deliveries of a channel does not exceed.
 *   thousandths   that part
 * Returns milliseconds, an eighth too many at most; 0 if there are none.
 */
uint64_t survey_delay(const struct survey *survey, enum survey_channel channel,
    unsigned thousandths);

/* survey_free: releases the memory. */
void survey_free(struct survey *survey);

#endif
