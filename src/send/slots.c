/*
 * slots.c - deliveries: how slots are filled.
 * Input: from peers of ours; addresses and texts of reports: hostile
 */
#include "slots.h"

#include <errno.h>

#include "base/must.h"
#include "mail/bounce.h"
#include "queue/delivery.h"
#include "queue/retry.h"
#include "sys/fd.h"
#include "sys/file.h"

#include "life.h"
#include "nexthop.h"

#define STEPS_PER_TURN 64 /* of each channel; see slots_fill */
#define PROBE_CONNECT  6  /* seconds for connecting to an unknown hop */

static const char *const channel_names[CHANNELS] = { "local ", "remote " };

static const char over_age_remark[] =
    "The message was in the queue too long; this was the last try.\n";
static const char hop_remark[] =
    " did not work a moment ago; this was not tried. (#4.4.1)\n";
static const char said_remark[] = "What was heard of it last: ";
static const char returned_remark[] =
    "An administrator has returned the message. (#5.4.7)\n";
static const char cannot_open_remark[] =
    "The message file cannot be opened. (#4.3.0)\n";

/* ---- the log ---- */

void
slots_log_status(struct send *send)
{
	static const char *const names[CHANNELS] = { " local ", " remote " };

	sendlog_z(&send->log, "status:");
	for (int i = 0; i < CHANNELS; i++) {
		sendlog_z(&send->log, names[i]);
		sendlog_u64(&send->log, send->channels[i].logged);
		sendlog_z(&send->log, "/");
		sendlog_u64(&send->log, send->channels[i].limit);
	}
	sendlog_line(&send->log, send->exits_asap ? " exitasap" : "");
}

/* A run has one line of a start at a time: its further recipients get theirs
 * with their results. */
static void
log_start(struct send *send, struct delivery *delivery)
{
	enum channel_id channel = delivery->run->channel;

	if (delivery->number)
		return;
	deliveries_name(&send->deliveries, delivery);
	send->channels[channel].logged++;
	sendlog_z(&send->log, "starting delivery ");
	sendlog_u64(&send->log, delivery->number);
	sendlog_z(&send->log, ": msg ");
	sendlog_u64(&send->log, delivery->run->number);
	sendlog_z(&send->log, " to ");
	sendlog_z(&send->log, channel_names[channel]);
	sendlog_safe(&send->log, str_span(&delivery->recipient));
	sendlog_end(&send->log);
	slots_log_status(send);
}

/* "tls 5: domain=there.example result=ok": a line for each connection. */
static void
log_sessions(
    struct send *send, const struct delivery *delivery, struct span lines)
{
	struct span line, word;

	while (span_cut_next(&lines, '\n', &line)) {
		sendlog_z(&send->log, "tls ");
		sendlog_u64(&send->log, delivery->number);
		sendlog_z(&send->log, ":");
		while (span_cut_next(&line, ' ', &word)) {
			sendlog_z(&send->log, " ");
			sendlog_safe(&send->log, word);
		}
		sendlog_end(&send->log);
	}
}

static void
log_result(struct send *send, const struct delivery *delivery,
    const char *result, struct span text)
{
	send->channels[delivery->run->channel].logged--;
	sendlog_z(&send->log, "delivery ");
	sendlog_u64(&send->log, delivery->number);
	sendlog_z(&send->log, result);
	sendlog_safe(&send->log, text);
	sendlog_end(&send->log);
	slots_log_status(send);
}

/* What never left us was no try. */
static bool
is_last_try(const struct send *send, const struct event *event)
{
	const struct run *run = event->delivery->run;
	const struct job *job = job_find(&send->jobs, run->number);

	return job && !event->is_untried &&
	    job->channels[run->channel].is_last_try;
}

/* The text of the event, which may be that of text, and a line more. */
static void
add_over_age(struct event *event, struct str *text)
{
	struct str whole = STR_INIT;

	str_add(&whole, event->text);
	if (whole.len && whole.s[whole.len - 1] != '\n')
		str_add_byte(&whole, '\n');
	str_add_z(&whole, over_age_remark);
	str_set(text, str_span(&whole));
	str_free(&whole);
	event->text = str_span(text);
}

void
slots_end_delivery(struct send *send, struct event *event, struct str *text)
{
	struct delivery *delivery = event->delivery;
	bool is_mangled = event->kind == EVENT_MANGLED;

	log_start(send, delivery);
	log_sessions(send, delivery, event->sessions);
	if (is_mangled) {
		event->kind = EVENT_DEFERRED;
		event->is_untried = true; /* for all that anybody knows */
		event->text = SPAN("");
	}
	if (event->kind == EVENT_DEFERRED && is_last_try(send, event)) {
		event->kind = EVENT_FAILED;
		add_over_age(event, text);
	}
	log_result(send, delivery,
	    is_mangled			      ? ": report mangled, will defer"
		: event->kind == EVENT_FAILED ? ": failure: "
		: event->kind == EVENT_DELIVERED ? ": success: "
						 : ": deferral: ",
	    event->text);
}

void
slots_interrupt(struct send *send)
{
	struct delivery *delivery;

	while ((delivery = deliveries_any(&send->deliveries))) {
		struct run *run;

		log_start(send, delivery);
		log_result(send, delivery, ": deferral: ",
		    SPAN("It was interrupted, and is tried again. (#4.3.2)"));
		run = deliveries_end(&send->deliveries, delivery);
		if (run)
			life_run_ended(send, run);
	}
}

/* ---- starting ---- */

/* Gives a run to the spawner, with the message as an open descriptor. */
static bool
hand_over(struct send *send, const struct job *job, const struct run *run,
    struct delivery *const *list, size_t count)
{
	struct str text = STR_INIT, sender = STR_INIT;
	int fd = file_open_nofollow(
	    queue_path(QUEUE_MESS, job->number, send->split).s);

	if (fd < 0)
		return false;
	routing_expand_verp(
	    &sender, str_span(&job->sender), str_span(&list[0]->recipient));
	delivery_add_head(
	    &text, job->number, str_span(&sender), str_span(&job->parameters));
	if (run->hop && send->has_routes)
		delivery_add_route(&text, str_span(&run->hop->route),
		    run->hop->state == HOP_UNKNOWN ? PROBE_CONNECT : 0);
	for (size_t i = 0; i < count; i++)
		delivery_add_recipient(&text, list[i]->order,
		    str_span(&list[i]->recipient),
		    str_span(&list[i]->parameters));
	link_send(&send->deliveries.links[run->channel], str_span(&text), fd);
	fd_close(fd);
	str_free(&text);
	str_free(&sender);
	return true;
}

/* Starts a run for these recipients of a message, or refuses it. */
static void
start_run(struct send *send, struct job *job, enum channel_id channel,
    struct hop *hop, const struct pass_recipient *recipients, size_t count,
    enum run_refusal refusal)
{
	bool is_asked = hop && refusal == RUN_IS_SENT;
	struct run *run =
	    deliveries_start_run(job->number, channel, is_asked ? hop : NULL);
	VEC(struct delivery *) list = VEC_INIT;

	send->channels[channel].running++;
	if (is_asked)
		hops_start(&send->hops, hop);
	else if (hop)
		str_set(&run->said, str_span(&hop->said));
	for (size_t i = 0; i < count; i++)
		vec_push(&list,
		    deliveries_add(
			&send->deliveries, run, &recipients[i].told));
	if (refusal == RUN_IS_SENT) {
		log_start(send, list.at[0]);
		if (!hand_over(send, job, run, list.at, list.len))
			refusal = RUN_CANNOT_OPEN;
	}
	run->refusal = refusal;
	if (refusal != RUN_IS_SENT)
		for (size_t i = 0; i < count; i++)
			deliveries_refuse(&send->deliveries, list.at[i]);
	vec_free(&list);
}

bool
slots_next_refused(struct send *send, struct event *event, struct str *text)
{
	struct delivery *delivery = deliveries_next_refused(&send->deliveries);
	struct span address;

	if (!delivery)
		return false;
	str_reset(text);
	if (delivery->run->refusal == RUN_HOP_TROUBLE) {
		address = str_span(&delivery->recipient);
		str_add(
		    text, span_from(address, span_find_last(address, '@') + 1));
		str_add_z(text, hop_remark);
		if (delivery->run->said.len) {
			str_add_z(text, said_remark);
			str_add(text, str_span(&delivery->run->said));
		}
	} else {
		str_add_z(text,
		    delivery->run->refusal == RUN_RETURNED
			? returned_remark
			: cannot_open_remark);
	}
	*event = (struct event){ .kind = delivery->run->refusal == RUN_RETURNED
		    ? EVENT_FAILED
		    : EVENT_DEFERRED,
		.number = delivery->run->number,
		.text = str_span(text),
		.delivery = delivery,
		.is_untried = delivery->run->refusal == RUN_CANNOT_OPEN };
	return true;
}

/* When this try is, what follows it. */
static void
plan_retry(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];

	own->retry = retry_next(life_birth(send, job), send->now, channel);
	own->is_last_try = life_is_over_age(send, job);
}

static void
start_straight(struct send *send, struct job *job, bool refused)
{
	struct pass_recipient recipient = { .told = { .address = job->recipient,
						.parameters = job->wishes } };

	plan_retry(send, job, job->channel);
	job->state = JOB_TRIED;
	start_run(send, job, job->channel, job->hop, &recipient, 1,
	    refused ? RUN_HOP_TROUBLE : RUN_IS_SENT);
}

static void
start_group(struct send *send, struct work *work)
{
	struct job_channel *own = &work->job->channels[work->channel];
	enum run_refusal refusal = work->kind == WORK_DEFER_GROUP
	    ? RUN_HOP_TROUBLE
	    : work->kind == WORK_RETURN_GROUP ? RUN_RETURNED
					      : RUN_IS_SENT;
	size_t count = work->group.recipients.len;

	for (size_t i = 0; i < count; i++)
		must(number_set_add(&own->busy,
		    work->group.recipients.at[i].told.position + 1));
	own->running += (unsigned)count;
	start_run(send, work->job, work->channel, work->group.hop,
	    work->group.recipients.at, count, refusal);
	pass_group_free(&send->hops, &work->group);
}

static void
delete_group(struct send *send, struct work *work)
{
	for (size_t i = 0; i < work->group.recipients.len; i++) {
		const struct channel_recipient *told =
		    &work->group.recipients.at[i].told;

		sendlog_z(&send->log, "deleted: msg ");
		sendlog_u64(&send->log, work->job->number);
		sendlog_z(&send->log, " to ");
		sendlog_z(&send->log, channel_names[work->channel]);
		sendlog_safe(&send->log, str_span(&told->address));
		sendlog_end(&send->log);
		life_drop_recipient(
		    send, work->job, work->channel, told->position);
	}
	pass_group_free(&send->hops, &work->group);
}

/* ---- passes ---- */

/* The message cannot be begun now; it must not get lost for that. */
static void
postpone(struct send *send, const struct work *work, struct queue_path path)
{
	sendlog_trouble(
	    &send->log, "trouble opening", path, "; will try again later");
	heap_add(&send->channels[work->channel].waiting,
	    (struct heap_entry){ send->now + SEND_SYSTEM_RETRY, work->number });
}

/* What an error in a file of the message means. */
static void
heed_error(struct send *send, const struct work *work, struct queue_path path)
{
	bool is_told = work->only != NULL; /* a heap has it meanwhile */

	if (errno == EBADMSG || errno == ELOOP) {
		sendlog_trouble(&send->log, "damaged:", path,
		    "; it is compared with its envelope");
		life_examine(send, work->number);
	} else if (errno == ENOENT) {
		life_examine(send, work->number); /* gone, or lost */
	} else if (!is_told) {
		postpone(send, work, path);
	}
}

/* Likewise in a channel file of a message in memory: it is compared with its
 * envelope as soon as nothing of it is under way. */
static void
heed_channel_error(
    struct send *send, const struct work *work, struct job_channel *own)
{
	struct queue_path path =
	    channel_path(work->channel, work->number, send->split);

	own->is_damaged = errno == EBADMSG || errno == ELOOP || errno == ENOENT;
	if (own->is_damaged)
		sendlog_trouble(&send->log, "damaged:", path,
		    "; it is compared with its envelope");
	else if (!work->only)
		postpone(send, work, path);
}

/* Takes a message that waits into memory. */
static struct job *
load_job(struct send *send, const struct work *work)
{
	struct job *job;

	if (loading_has(&send->loading, work->number)) {
		if (!work->only) /* it is being examined */
			heap_add(&send->channels[work->channel].waiting,
			    (struct heap_entry){
				send->now + SEND_SYSTEM_RETRY, work->number });
		return NULL;
	}
	if (job_load(&send->jobs, work->number, send->split, &job) == 0) {
		life_note_birth(send, job);
		return job;
	}
	heed_error(
	    send, work, queue_path(QUEUE_INFO, work->number, send->split));
	return NULL;
}

/* Makes the pass.  Its message is in a heap meanwhile if the pass is for one
 * hop only, and the message was not at work before. */
static void
open_pass(
    struct send *send, struct job *job, const struct work *work, bool was_open)
{
	struct job_channel *own = &job->channels[work->channel];
	struct pass *pass = must_realloc(NULL, sizeof(*pass));

	*pass = (struct pass){ .job = job,
		.number = job->number,
		.only = work->only,
		.serves_others = work->only &&
		    schedule_may_be_wide(&send->channels[work->channel]),
		.is_partial = work->only != NULL,
		.last = work->only && work->entry.last != BACKLOG_TO_END
		    ? work->entry.last
		    : UINT64_MAX };
	own->pass = pass;
	own->left = 0;
	own->is_partial = pass->is_partial;
	own->is_last_try = life_is_over_age(send, job);
	if (!work->only) {
		own->is_scheduled = false;
		own->is_fresh = work->is_fresh;
		plan_retry(send, job, work->channel);
	} else if (!was_open) {
		own->is_scheduled = true;
		own->is_fresh = false;
	}
	pass->is_lost =
	    channel_read_from(&pass->reader, own->fd, work->entry.first) < 0;
	schedule_open_pass(&send->channels[work->channel], pass);
}

/* Begins a pass; false if there is none. */
static bool
begin_pass(struct send *send, const struct work *work)
{
	struct job *job = job_find(&send->jobs, work->number);
	struct job_channel *own;
	bool was_open;

	if (!job && !(job = load_job(send, work)))
		return false;
	own = &job->channels[work->channel];
	if (job->state != JOB_ACTIVE)
		return false; /* it is about to end */
	if (own->pass) {
		/* One for a hop is under way: this one follows it. */
		own->is_scheduled = false;
		own->retry = send->now;
		return false;
	}
	was_open = own->fd != -1;
	if (!own->is_finished && !was_open) {
		/* Without a file nobody has said that all are done. */
		own->state = JOB_CHANNEL_WAITS;
		own->fd =
		    channel_open(work->channel, work->number, send->split);
	}
	if (own->fd == -1) {
		if (!own->is_finished)
			heed_channel_error(send, work, own);
		life_settle(send, job, work->channel);
		return false;
	}
	open_pass(send, job, work, was_open);
	return true;
}

/* Hops that got room meanwhile get their passes, as soon as it is their turn. */
static void
return_wishes(struct send *send, struct job_channel *own)
{
	for (size_t i = 0; i < own->wanted.len; i++) {
		struct job_wish wish = own->wanted.at[i];

		hops_block(&send->hops, wish.hop, wish.entry, own->is_fresh);
		hops_release(&send->hops, wish.hop);
	}
	vec_free(&own->wanted);
}

static void
end_pass(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];

	if (!own->pass->is_partial)
		own->total = own->pass->total;
	schedule_close_pass(&send->channels[channel], &send->hops, own->pass);
	own->pass = NULL;
	return_wishes(send, own);
	life_settle(send, job, channel);
}

/* The file cannot be read to its end: what was started goes on. */
static void
break_pass(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];
	struct queue_path path =
	    channel_path(channel, job->number, send->split);

	own->is_damaged = errno == EBADMSG;
	sendlog_trouble(&send->log,
	    own->is_damaged ? "damaged:" : "trouble reading", path,
	    own->is_damaged ? "; it is compared with its envelope"
			    : "; will try again later");
	own->left++;
	own->retry = send->now + SEND_SYSTEM_RETRY;
	end_pass(send, job, channel);
}

/* ---- filling the slots ---- */

static void
do_work(struct send *send, struct work *work)
{
	switch (work->kind) {
	case WORK_STRAIGHT:
	case WORK_DEFER_STRAIGHT:
		start_straight(
		    send, work->job, work->kind == WORK_DEFER_STRAIGHT);
		break;
	case WORK_BEGIN:
		if (!begin_pass(send, work) && work->only)
			hops_release(&send->hops, work->only);
		break;
	case WORK_GROUP:
	case WORK_DEFER_GROUP:
	case WORK_RETURN_GROUP:
		start_group(send, work);
		break;
	case WORK_DELETE_GROUP:
		delete_group(send, work);
		break;
	case WORK_END_PASS:
		end_pass(send, work->job, work->channel);
		break;
	case WORK_BREAK_PASS:
		break_pass(send, work->job, work->channel);
		break;
	default:
		break;
	}
}

void
slots_fill(struct send *send, enum channel_id channel)
{
	struct pass_router router = { nexthop_for_pass, send, &send->hops };

	for (int i = 0; i < STEPS_PER_TURN; i++) {
		struct work work;

		schedule_next(send, channel,
		    channel == CHANNEL_REMOTE ? &router : NULL, &work);
		if (work.kind == WORK_NONE)
			return;
		do_work(send, &work);
		if (send->deliveries.refused.len)
			return;
	}
}

void
slots_park_late(struct send *send)
{
	for (int i = 0; i < CHANNELS; i++) {
		struct job *job;

		while ((job = schedule_take_late(
			    send, (enum channel_id)i, send->exits_asap)))
			life_park(send, job, 0);
	}
}

int64_t
slots_next_event(const struct send *send)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < CHANNELS; i++) {
		enum channel_id id = (enum channel_id)i;
		const struct heap_entry *first =
		    heap_first(&send->channels[i].waiting);

		if (schedule_next_late(send, id) != INT64_MAX)
			next = send->now + 1 < next ? send->now + 1 : next;
		if (schedule_has_work(send, id))
			return send->now;
		if (first && first->when > send->now && first->when < next)
			next = first->when;
	}
	return next;
}
