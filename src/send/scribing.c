/*
 * scribing.c - orders to the scribe.
 * Input: from a process of our own
 */
#include "scribing.h"

#include "queue/record.h"

#include "scribe.h"

static void
send_order(struct scribing *scribing, struct str *text)
{
	scribing->orders++;
	link_send(&scribing->link, str_span(text), -1);
	str_free(text);
}

void
scribing_record(struct scribing *scribing, uint64_t number,
    enum channel_id channel, struct span paragraphs)
{
	struct str text = STR_INIT;

	record_add_number(&text, SCRIBE_APPEND, number);
	record_add_number(&text, SCRIBE_CHANNEL, channel);
	record_add(&text, SCRIBE_PARAGRAPH, paragraphs);
	send_order(scribing, &text);
}

void
scribing_sync(
    struct scribing *scribing, uint64_t number, enum channel_id channel)
{
	struct str text = STR_INIT;

	record_add_number(&text, SCRIBE_SYNC, number);
	record_add_number(&text, SCRIBE_CHANNEL, channel);
	send_order(scribing, &text);
}

/* Whose order it is, and what its envelope says. */
static void
add_envelope(struct str *text, char word, const struct job *job)
{
	record_add_number(text, word, job->number);
	record_add_number(
	    text, SCRIBE_BIRTH, job->birth > 0 ? (uint64_t)job->birth : 0);
	record_add(text, SCRIBE_SENDER, str_span(&job->sender));
	if (job->parameters.len)
		record_add(text, SCRIBE_PARAMETERS, str_span(&job->parameters));
}

void
scribing_inject(
    struct scribing *scribing, const struct job *job, struct span paragraph)
{
	struct str text = STR_INIT;

	add_envelope(&text, SCRIBE_INJECT, job);
	if (paragraph.len)
		record_add(&text, SCRIBE_PARAGRAPH, paragraph);
	send_order(scribing, &text);
}

void
scribing_add_status(struct str *text, const struct report_status *status)
{
	record_add(text, (char)status->action, status->parameters);
	record_add(text, SCRIBE_ADDRESS, status->address);
	record_add(text, SCRIBE_PARAGRAPH, status->words);
}

void
scribing_tell(struct scribing *scribing, const struct job *job,
    enum channel_id channel, struct span statuses)
{
	struct str text = STR_INIT;

	add_envelope(&text, SCRIBE_SUCCESSES, job);
	record_add_number(&text, SCRIBE_CHANNEL, channel);
	str_add(&text, statuses);
	send_order(scribing, &text);
}

void
scribing_warn(struct scribing *scribing, const struct job *job, int64_t until,
    struct span statuses)
{
	struct str text = STR_INIT;

	add_envelope(&text, SCRIBE_DELAYS, job);
	record_add_number(&text, SCRIBE_UNTIL, until > 0 ? (uint64_t)until : 0);
	str_add(&text, statuses);
	send_order(scribing, &text);
}

void
scribing_notice(struct scribing *scribing, uint64_t number, struct span text)
{
	struct str order = STR_INIT;

	record_add_number(&order, SCRIBE_NOTICE, number);
	record_add(
	    &order, SCRIBE_PARAGRAPH, span_upto(text, SCRIBING_TEXT_MAX));
	link_send(&scribing->link, str_span(&order), -1);
	str_free(&order);
}

void
scribing_reread(struct scribing *scribing)
{
	struct str order = STR_INIT;

	record_add(&order, SCRIBE_REREAD, SPAN(""));
	link_send(&scribing->link, str_span(&order), -1);
	str_free(&order);
}

static const struct {
	char word;
	enum event_kind kind;
} answers[] = {
	{ SCRIBE_APPENDED, EVENT_RECORDED },
	{ SCRIBE_NOT_APPENDED, EVENT_NOT_RECORDED },
	{ SCRIBE_INJECTED, EVENT_QUEUED },
	{ SCRIBE_NOT_INJECTED, EVENT_NOT_QUEUED },
	{ SCRIBE_SYNCED, EVENT_SYNCED },
	{ SCRIBE_NOT_SYNCED, EVENT_NOT_SYNCED },
	{ SCRIBE_TOLD, EVENT_TOLD },
	{ SCRIBE_NOT_TOLD, EVENT_NOT_TOLD },
};

static bool
parse_answer(struct span rest, char word, struct event *event)
{
	uint64_t channel;

	if (!record_next_number(&rest, word, INT64_MAX, &event->number) ||
	    event->number == 0)
		return false;
	if (event->kind == EVENT_QUEUED || event->kind == EVENT_TOLD)
		return record_next_number(
		    &rest, SCRIBE_QP, INT64_MAX, &event->qp);
	if (event->kind == EVENT_NOT_QUEUED || event->kind == EVENT_NOT_TOLD ||
	    event->kind == EVENT_NOT_SYNCED)
		return true;
	if (!record_next_number(&rest, SCRIBE_CHANNEL, CHANNELS - 1, &channel))
		return false;
	event->channel = (enum channel_id)channel;
	if (rest.len == 0)
		return true;
	event->book = JOB_SUCCESSES;
	return record_next_number(&rest, SCRIBE_QP, INT64_MAX, &event->qp);
}

int
scribing_read_event(
    struct scribing *scribing, struct span record, struct event *event)
{
	struct span rest = record;

	*event = (struct event){ .kind = EVENT_ALERT };
	if (record_next_is(&rest, SCRIBE_ALERT, &event->text))
		return 0;
	if (scribing->orders == 0)
		return -1;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		if (record.s[0] != answers[i].word)
			continue;
		*event = (struct event){ .kind = answers[i].kind };
		if (!parse_answer(record, answers[i].word, event))
			return -1;
		scribing->orders--;
		return 0;
	}
	return -1;
}

bool
scribing_is_busy(const struct scribing *scribing)
{
	return scribing->orders >= SCRIBING_ORDERS_MAX;
}
