/*
 * life.c - what the steps in the life of a message have in common.
 * Input: from peers of ours; texts of reports: hostile
 */
#include "life.h"

#include "base/must.h"
#include "mail/bounce.h"
#include "mail/dsn.h"
#include "queue/info.h"
#include "queue/retry.h"

#define DELAY_ASKED	14400 /* seconds, for those who ask to be told */
#define DELAY_WORDS_MAX 1000  /* bytes on a recipient */

int64_t
life_birth(const struct send *send, const struct job *job)
{
	int64_t birth = job->birth;

	if (birth > send->now && job->seen_ahead)
		birth = job->seen_ahead;
	return steps_birth(&send->steps, birth, send->now);
}

void
life_note_birth(struct send *send, struct job *job)
{
	if (job->birth <= send->now || send->now <= 0 ||
	    (job->seen_ahead && job->seen_ahead <= send->now))
		return;
	job->seen_ahead = send->now;
	if (info_mark_ahead(job->number, send->split, send->now, job->birth) <
	    0)
		sendlog_trouble(&send->log, "unable to mark",
		    queue_path(QUEUE_INFO, job->number, send->split),
		    "; it does not age before the next try");
}

bool
life_is_over_age(const struct send *send, const struct job *job)
{
	return send->now > life_birth(send, job) + (int64_t)send->lifetime;
}

void
life_try_again(struct send *send, enum again_kind kind, uint64_t number)
{
	struct again again = { kind, number };
	struct job *job =
	    kind == AGAIN_MESSAGE ? job_find(&send->jobs, number) : NULL;

	if (!job || !job->is_again)
		vec_push(&send->again, again);
	if (job)
		job->is_again = true;
	trouble_note(&send->trouble, send->monotonic);
}

void
life_release_hop(struct send *send, struct job *job)
{
	if (job->hop)
		hops_release(&send->hops, job->hop);
	job->hop = NULL;
}

void
life_free_job(struct send *send, struct job *job)
{
	life_release_hop(send, job);
	job_free(&send->jobs, job);
}

void
life_wait_until(
    struct send *send, enum channel_id channel, uint64_t number, int64_t when)
{
	/* A clock that was ahead has left this time, or that of the birth. */
	if (when >
	    send->now + retry_longest_wait((int64_t)send->lifetime, channel))
		when = retry_next(send->now, send->now, channel);
	heap_add(&send->channels[channel].waiting,
	    (struct heap_entry){ when, number });
}

void
life_log_arrival(struct send *send, const struct event *event)
{
	sendlog_message(&send->log, "new msg ", event->number, "");
	sendlog_z(&send->log, "info msg ");
	sendlog_u64(&send->log, event->number);
	sendlog_z(&send->log, ": bytes ");
	sendlog_u64(&send->log, event->size);
	sendlog_z(&send->log, " from <");
	sendlog_safe(&send->log, event->sender);
	sendlog_z(&send->log, "> qp ");
	sendlog_u64(&send->log, event->pid);
	sendlog_z(&send->log, " uid ");
	sendlog_u64(&send->log, event->uid);
	sendlog_end(&send->log);
}

/* The address of a delivery, as it was before control files changed it. */
static struct span
written_address(const struct send *send, const struct event *event)
{
	return routing_restore(
	    &send->routing, str_span(&event->delivery->recipient));
}

/* What the sender asked for; what is damaged asks for nothing. */
static struct dsn_recipient
wishes_of(const struct event *event)
{
	struct dsn_recipient wishes;

	if (!dsn_parse_recipient(
		str_span(&event->delivery->parameters), &wishes))
		wishes.notify = 0;
	return wishes;
}

void
life_add_failure(
    struct send *send, const struct event *event, struct str *paragraph)
{
	struct dsn_recipient wishes = wishes_of(event);

	if (dsn_wants_failure(&wishes))
		bounce_add_paragraph(
		    paragraph, written_address(send, event), event->text);
}

void
life_add_success(struct send *send, const struct job *job,
    const struct event *event, struct str *status)
{
	bool is_remote = event->delivery->run->channel == CHANNEL_REMOTE;

	if (!(wishes_of(event).notify & DSN_SUCCESS) || event->is_passed_on ||
	    bounce_kind_of(str_span(&job->sender)) != BOUNCE_SINGLE)
		return;
	scribing_add_status(status,
	    &(struct report_status){
		.action = is_remote ? REPORT_RELAYED : REPORT_DELIVERED,
		.address = written_address(send, event),
		.parameters = str_span(&event->delivery->parameters),
		.words = event->text });
}

/* The age in seconds from which on the sender is told that a recipient waits;
 * -1: never. */
static int64_t
delay_to_tell(const struct send *send, const struct dsn_recipient *wishes)
{
	if (wishes->notify & DSN_DELAY)
		return send->delay_warn ? (int64_t)send->delay_warn
					: DELAY_ASKED;
	return wishes->notify == 0 && send->delay_warn
	    ? (int64_t)send->delay_warn
	    : -1;
}

void
life_add_delay(struct send *send, const struct job *job,
    const struct event *event, struct str *statuses)
{
	struct dsn_recipient wishes = wishes_of(event);
	int64_t delay = delay_to_tell(send, &wishes);
	struct str status = STR_INIT;

	if (delay < 0 || send->now - life_birth(send, job) < delay ||
	    job->channels[event->delivery->run->channel].is_told_of_delay ||
	    bounce_kind_of(str_span(&job->sender)) != BOUNCE_SINGLE)
		return;
	scribing_add_status(&status,
	    &(struct report_status){ .action = REPORT_DELAYED,
		.address = written_address(send, event),
		.parameters = str_span(&event->delivery->parameters),
		.words = span_upto(event->text, DELAY_WORDS_MAX) });
	if (statuses->len + status.len <= SCRIBING_TEXT_MAX)
		str_add(statuses, str_span(&status));
	str_free(&status);
}

void
life_told_of_delay(
    struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	if (event->qp)
		life_log_queued(send, "notice msg ", event);
	else
		sendlog_message(&send->log,
		    "warning: notice of delay is refused, msg ", event->number,
		    "");
}

void
life_not_told_of_delay(
    struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	sendlog_message(&send->log,
	    "warning: trouble injecting notice of delay: none for msg ",
	    event->number, "");
}

void
life_log_queued(struct send *send, const char *what, const struct event *event)
{
	sendlog_z(&send->log, what);
	sendlog_u64(&send->log, event->number);
	sendlog_z(&send->log, " qp ");
	sendlog_u64(&send->log, event->qp);
	sendlog_end(&send->log);
}

void
life_run_ended(struct send *send, struct run *run)
{
	struct channel *channel = &send->channels[run->channel];

	channel->running--;
	channel->changes++;
	if (run->hop)
		hops_end(&send->hops, run->hop, run->found, send->monotonic);
	deliveries_free_run(run);
}
