/*
 * arrivals.c - what qmail-todo says.
 * Input: from a peer of ours; addresses: hostile
 */
#include "arrivals.h"

#include "queue/record.h"

#include "sorted.h"

#define GONE_COUNT 64 /* messages gone from todo that are told together */

static const char count_letters[CHANNELS] = { SORTED_LOCAL, SORTED_REMOTE };

void
arrivals_say(struct arrivals *arrivals, char word)
{
	record_add(&arrivals->link.words, word, SPAN(""));
}

static void
tell_all_gone(struct arrivals *arrivals)
{
	for (size_t i = 0; i < arrivals->gone.len; i++)
		record_add_number(
		    &arrivals->link.words, SORTED_GONE, arrivals->gone.at[i]);
	arrivals->gone.len = 0;
}

void
arrivals_tell(struct arrivals *arrivals, char word, uint64_t number)
{
	tell_all_gone(arrivals);
	record_add_number(&arrivals->link.words, word, number);
}

void
arrivals_tell_gone(struct arrivals *arrivals, uint64_t number)
{
	vec_push(&arrivals->gone, number);
	if (arrivals->gone.len >= GONE_COUNT)
		tell_all_gone(arrivals);
}

static bool
parse_head(struct span *rest, struct event *event)
{
	return record_next_number(rest, SORTED_SIZE, INT64_MAX, &event->size) &&
	    record_next_number(rest, SORTED_BIRTH, INT64_MAX, &event->birth) &&
	    record_next_number(rest, SORTED_UID, UINT32_MAX, &event->uid) &&
	    record_next_number(rest, SORTED_PID, UINT32_MAX, &event->pid) &&
	    record_next_is(rest, SORTED_SENDER, &event->sender);
}

static bool
parse_recipient(struct span *rest, struct event *event)
{
	char letter;

	if (rest->len == 0)
		return true;
	event->has_recipient = true;
	if (!record_next_optional(
		rest, SORTED_PARAMETERS, &event->parameters) ||
	    !record_next_optional(
		rest, SORTED_RECIPIENT_PARAMETERS, &event->wishes) ||
	    !record_next(rest, &letter, &event->recipient))
		return false;
	for (int i = 0; i < CHANNELS; i++)
		if (letter == count_letters[i]) {
			event->channel = (enum channel_id)i;
			return true;
		}
	return false;
}

static bool
parse_counts(struct span *rest, struct event *event)
{
	for (int i = 0; i < CHANNELS; i++)
		if (!record_next_number(
			rest, count_letters[i], INT64_MAX, &event->counts[i]))
			return false;
	return true;
}

static bool
parse_rest(struct span *rest, struct event *event)
{
	switch (event->kind) {
	case EVENT_NEW:
		return parse_head(rest, event) && parse_recipient(rest, event);
	case EVENT_WAITING:
	case EVENT_REMADE:
		return parse_head(rest, event) && parse_counts(rest, event);
	case EVENT_WHOLE:
		return parse_counts(rest, event);
	case EVENT_ORPHAN:
		if (!record_next_is(rest, SORTED_SENDER, &event->sender))
			return false;
		return record_next_is(rest, SORTED_TEXT, &event->text);
	default:
		return record_next_is(rest, SORTED_TEXT, &event->text);
	}
}

static const struct {
	char word;
	enum event_kind kind;
} words[] = {
	{ SORTED_NEW, EVENT_NEW },
	{ SORTED_WAITING, EVENT_WAITING },
	{ SORTED_REMADE, EVENT_REMADE },
	{ SORTED_WHOLE, EVENT_WHOLE },
	{ SORTED_BROKEN, EVENT_BROKEN },
	{ SORTED_ORPHAN, EVENT_ORPHAN },
};

int
arrivals_read_event(struct span record, struct event *event)
{
	const char word = record.s[0];
	struct span rest = record;

	*event = (struct event){ .kind = EVENT_ALERT };
	if (record_next_is(&rest, SORTED_ALERT, &event->text))
		return 0;
	rest = record;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (word != words[i].word)
			continue;
		event->kind = words[i].kind;
		return record_next_number(
			   &rest, word, INT64_MAX, &event->number) &&
			event->number && parse_rest(&rest, event)
		    ? 0
		    : -1;
	}
	return -1;
}
