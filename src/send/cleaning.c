/*
 * cleaning.c - orders to qmail-clean.
 * Input: from a peer of ours
 */
#include "cleaning.h"

#include <string.h>

#include "queue/clean.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/clock.h"

#define RELEASE_COUNT 24   /* finished messages that go out at once */
#define ANSWERED_MAX  4096 /* answered orders that are kept */

void
cleaning_order(struct cleaning *cleaning, char letter, uint64_t number)
{
	struct cleaning_order order = { letter, number };

	record_add_number(&cleaning->link.words, letter, number);
	vec_push(&cleaning->orders, order);
	if (letter == CLEAN_FINISHED)
		cleaning->removing++;
}

void
cleaning_finish(struct cleaning *cleaning, uint64_t number)
{
	if (cleaning->finished.len == 0)
		cleaning->finished_since = clock_monotonic();
	vec_push(&cleaning->finished, number);
}

void
cleaning_release(struct cleaning *cleaning, bool at_once)
{
	size_t count = cleaning->finished.len;

	if (count == 0 ||
	    (!at_once && count < RELEASE_COUNT &&
		clock_monotonic() - cleaning->finished_since <
		    CLEANING_HOLD_MS))
		return;
	for (size_t i = 0; i < count; i++)
		cleaning_order(
		    cleaning, CLEAN_FINISHED, cleaning->finished.at[i]);
	cleaning->finished.len = 0;
}

/* What an answer means, order by order. */
static enum event_kind
kind_of(char letter, char answer)
{
	bool failed = answer == CLEAN_FAILED;

	switch (letter) {
	case CLEAN_SORTED:
		return failed ? EVENT_NOT_SORTED : EVENT_SORTED;
	case CLEAN_FINISHED:
		return failed ? EVENT_NOT_REMOVED : EVENT_REMOVED;
	case CLEAN_RESTORE:
		if (answer == CLEAN_RESTORED)
			return EVENT_RESTORED;
		return failed ? EVENT_CANNOT_RESTORE : EVENT_NOT_RESTORED;
	default:
		if (answer == CLEAN_RESTORED)
			return EVENT_RESTORED;
		return failed ? EVENT_CANNOT_EXAMINE : EVENT_EXAMINED;
	}
}

/* Forgets the orders that were answered, now and then all at once. */
static void
drop_answered(struct cleaning *cleaning)
{
	size_t left = cleaning->orders.len - cleaning->answered;

	if (left && cleaning->answered < ANSWERED_MAX)
		return;
	if (left)
		memmove(cleaning->orders.at,
		    cleaning->orders.at + cleaning->answered,
		    left * sizeof(*cleaning->orders.at));
	cleaning->orders.len = left;
	cleaning->answered = 0;
}

int
cleaning_next_event(
    struct cleaning *cleaning, struct span *rest, struct event *event)
{
	struct cleaning_order order;
	struct span value;
	uint64_t number;
	char answer;

	if (rest->len == 0) {
		drop_answered(cleaning);
		return 0;
	}
	if (!record_next(rest, &answer, &value) ||
	    !queue_path_number(value, &number) ||
	    cleaning->answered == cleaning->orders.len)
		return -1;
	if (answer == CLEAN_WAITS) {
		*event = (struct event){ .kind = EVENT_ALERT,
			.text =
			    SPAN("waiting for an older qmail-clean to end") };
		return 1;
	}
	order = cleaning->orders.at[cleaning->answered++];
	if (order.letter == CLEAN_FINISHED)
		cleaning->removing--;
	*event = (struct event){ .kind = kind_of(order.letter, answer),
		/* An order to sweep names a part, its answer a message. */
		.number = order.letter == CLEAN_SWEEP ? number : order.number };
	return 1;
}

bool
cleaning_unfinished(
    const struct cleaning *cleaning, size_t *place, uint64_t *number)
{
	size_t held = cleaning->finished.len;

	if (*place < held) {
		*number = cleaning->finished.at[(*place)++];
		return true;
	}
	for (size_t i = cleaning->answered + *place - held;
	     i < cleaning->orders.len; i++) {
		++*place;
		if (cleaning->orders.at[i].letter == CLEAN_FINISHED) {
			*number = cleaning->orders.at[i].number;
			return true;
		}
	}
	return false;
}

bool
cleaning_is_busy(const struct cleaning *cleaning)
{
	return cleaning->removing + cleaning->finished.len >=
	    CLEANING_FINISHED_MAX;
}

bool
cleaning_is_idle(const struct cleaning *cleaning)
{
	return cleaning->orders.len == cleaning->answered &&
	    cleaning->finished.len == 0;
}
