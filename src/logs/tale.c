/*
 * tale.c - where messages are by now.
 * Input: hostile
 */
#include "tale.h"

#include "mail/date.h"
#include "queue/retry.h"

#define TIME_DIGITS 3

void
tale_add_time(struct str *text, const struct logstamp *time)
{
	date_add_rfc3339(text, time->seconds, time->nanoseconds, TIME_DIGITS);
}

/* ---- what the lines say ---- */

static struct tale *
find_tale(struct tales *tales, const struct open_entry *message)
{
	/* What goes on now came last. */
	for (size_t i = tales->at.len; i > 0; i--)
		if (tales->at.at[i - 1].came == message->came)
			return &tales->at.at[i - 1];
	vec_push(&tales->at,
	    ((struct tale){ .came = message->came,
		.number = message->number,
		.birth = (int64_t)message->uid,
		.sender = STR_INIT }));
	return &tales->at.at[tales->at.len - 1];
}

static struct tale_recipient *
find_recipient(struct tales *tales, struct tale *tale, struct span name)
{
	for (size_t i = 0; i < tale->recipients.len; i++)
		if (span_equal(str_span(&tale->recipients.at[i].name), name))
			return &tale->recipients.at[i];
	if (tales->recipients >= TALE_RECIPIENTS_MAX) {
		tales->is_cut = true;
		return NULL;
	}
	tales->recipients++;
	vec_push(&tale->recipients,
	    ((struct tale_recipient){ .name = STR_INIT, .reason = STR_INIT }));
	str_add(&tale->recipients.at[tale->recipients.len - 1].name, name);
	return &tale->recipients.at[tale->recipients.len - 1];
}

static void
set_state(struct tales *tales, struct tale *tale, struct span name,
    enum tale_state state, const struct entry *entry)
{
	struct tale_recipient *recipient = find_recipient(tales, tale, name);

	if (!recipient)
		return;
	recipient->state = state;
	recipient->when = entry->time;
	str_set(&recipient->reason, entry_value(entry, "reason"));
}

static enum tale_state
state_of(const struct entry *entry)
{
	struct span result = entry_value(entry, "result");

	if (span_equal(entry->event, SPAN("starting")))
		return TALE_UNDER_WAY;
	if (span_equal(result, SPAN("success")))
		return TALE_DELIVERED;
	return span_equal(result, SPAN("failure")) ? TALE_FAILED : TALE_WAITS;
}

/* "deleted: msg N to local R" has the words of a start. */
static void
take_deleted(struct tales *tales, struct tale *tale, const struct entry *entry)
{
	struct str name = STR_INIT;

	str_add(&name, entry_value(entry, "channel"));
	str_add_byte(&name, '.');
	str_add(&name, entry_value(entry, "to"));
	set_state(tales, tale, str_span(&name), TALE_DELETED, entry);
	str_free(&name);
}

void
tales_take(
    struct tales *tales, const struct trace *trace, const struct entry *entry)
{
	struct tale *tale;

	if (!trace->message)
		return;
	tale = find_tale(tales, trace->message);
	if (span_equal(entry->event, SPAN("info"))) {
		str_set(&tale->sender, entry_value(entry, "from"));
		tale->has_sender = true;
	}
	if (span_equal(entry->event, SPAN("hold")) ||
	    span_equal(entry->event, SPAN("release")))
		tale->is_held = span_equal(entry->event, SPAN("hold"));
	if (span_equal(entry->event, SPAN("deleted")))
		take_deleted(tales, tale, entry);
	if (span_equal(entry->event, SPAN("end"))) {
		tale->is_ended = true;
		tale->end = entry->time;
	}
	if (trace->delivery && !span_equal(entry->event, SPAN("tls")))
		set_state(tales, tale, str_span(&trace->delivery->who),
		    state_of(entry), entry);
}

/* ---- where they are ---- */

static void
add_next_try(struct str *text, const struct tale *tale,
    const struct tale_recipient *recipient)
{
	enum channel_id channel =
	    span_starts(str_span(&recipient->name), SPAN("local."))
	    ? CHANNEL_LOCAL
	    : CHANNEL_REMOTE;
	struct logstamp next = {
		retry_next(tale->birth, recipient->when.seconds, channel), 0
	};

	str_add_z(text, "; next try about ");
	tale_add_time(text, &next);
}

static void
add_recipient(struct str *text, const struct tale *tale,
    const struct tale_recipient *recipient)
{
	static const char *const words[] = { [TALE_UNDER_WAY] =
						 "under way since ",
		[TALE_DELIVERED] = "delivered ",
		[TALE_FAILED] = "failed ",
		[TALE_WAITS] = "waits, tried ",
		[TALE_DELETED] = "deleted " };
	struct span name = str_span(&recipient->name);
	size_t point = span_find(name, '.');

	str_add_z(text, "  ");
	str_add(text, span_upto(name, point));
	str_add_byte(text, ' ');
	str_add(text, span_from(name, point + 1));
	str_add_z(text, ": ");
	str_add_z(text, words[recipient->state]);
	tale_add_time(text, &recipient->when);
	if (recipient->state == TALE_WAITS && tale->is_held)
		str_add_z(text, "; held by an administrator");
	else if (recipient->state == TALE_WAITS && !tale->is_ended)
		add_next_try(text, tale, recipient);
	if (recipient->reason.len) {
		str_add_z(text, "; ");
		str_add(text, str_span(&recipient->reason));
	}
	str_add_byte(text, '\n');
}

void
tales_print(const struct tales *tales, struct str *text,
    int (*is_in_queue)(void *context, uint64_t number), void *context)
{
	for (size_t i = 0; i < tales->at.len; i++) {
		const struct tale *tale = &tales->at.at[i];
		int is_there =
		    tale->is_ended ? -1 : is_in_queue(context, tale->number);

		str_add_z(text, "message ");
		str_add_u64(text, tale->number);
		if (tale->has_sender) {
			str_add_z(text, " from <");
			str_add(text, str_span(&tale->sender));
			str_add_byte(text, '>');
		}
		if (tale->is_ended) {
			str_add_z(text, " has left the queue ");
			tale_add_time(text, &tale->end);
		} else {
			str_add_z(text, " has not ended");
		}
		if (is_there >= 0)
			str_add_z(text,
			    is_there ? "; it is in the queue"
				     : "; it is not in the queue");
		str_add_byte(text, '\n');
		for (size_t j = 0; j < tale->recipients.len; j++)
			add_recipient(text, tale, &tale->recipients.at[j]);
	}
}

void
tales_free(struct tales *tales)
{
	for (size_t i = 0; i < tales->at.len; i++) {
		struct tale *tale = &tales->at.at[i];

		for (size_t j = 0; j < tale->recipients.len; j++) {
			str_free(&tale->recipients.at[j].name);
			str_free(&tale->recipients.at[j].reason);
		}
		vec_free(&tale->recipients);
		str_free(&tale->sender);
	}
	vec_free(&tales->at);
}
