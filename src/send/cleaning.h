/*
 * cleaning.h - orders to qmail-clean, and what became of them.  Answers come
 * in the order of the orders; see queue/clean.h.
 */
#ifndef SEND_CLEANING_H
#define SEND_CLEANING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/vec.h"

#include "events.h"
#include "links.h"

#define CLEANING_HOLD_MS 10 /* milliseconds; see cleaning_release */

/* Finished messages that may wait for qmail-clean; beyond these nothing is
 * started.  After a crash some of them come twice, and each needs memory. */
#define CLEANING_FINISHED_MAX 200

struct cleaning_order {
	char letter;
	uint64_t number;
};

struct cleaning {
	struct link link;
	VEC(struct cleaning_order) orders; /* from `answered` on, in order */
	size_t answered;
	VEC(uint64_t) finished; /* held back; see cleaning_release */
	int64_t finished_since; /* clock_monotonic of the first */
	size_t removing;	/* orders to remove that are not answered */
};

/* cleaning_order: asks for something; a letter of enum clean_request. */
void cleaning_order(struct cleaning *cleaning, char letter, uint64_t number);

/* cleaning_finish: the message is to go, soon. */
void cleaning_finish(struct cleaning *cleaning, uint64_t number);

/*
 * cleaning_release: orders the removal of finished messages: when there are
 * many, or the first has waited for some milliseconds, or at once.  While
 * deliveries run nobody is in a hurry for that, and one wake-up serves many.
 */
void cleaning_release(struct cleaning *cleaning, bool at_once);

/*
 * cleaning_unfinished: the next message that was to go, and for all that is known
 * has not.
 *   place   begins at 0
 * Returns false if there are no more.
 */
bool cleaning_unfinished(
    const struct cleaning *cleaning, size_t *place, uint64_t *number);

/* cleaning_next_event: takes one answer off, or EVENT_ALERT.  1; 0 at the end;
 * -1 if the rest is malformed, or answers nothing. */
int cleaning_next_event(
    struct cleaning *cleaning, struct span *rest, struct event *event);

/* cleaning_is_busy: whether as many wait for their removal as may. */
bool cleaning_is_busy(const struct cleaning *cleaning);

/* cleaning_is_idle: whether every order is answered. */
bool cleaning_is_idle(const struct cleaning *cleaning);

#endif
