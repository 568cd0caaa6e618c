/*
 * orders.c - what administrators want of messages.
 * Input: from a peer of ours, checked; addresses: of the administrator
 *
 * A message that goes straight has no files to write an order into: who asks
 * comes again when it has been parked.  The others get their order into info;
 * what follows from it is the matter of schedule.c and slots.c.
 */
#include "orders.h"

#include <errno.h>

#include "queue/orders.h"
#include "queue/record.h"
#include "queue/state.h"
#include "sys/fd.h"
#include "sys/file.h"

#include "life.h"
#include "numbers.h"

struct order {
	struct send *send;
	uint64_t tag, uid;
	enum orders_verb verb;
	struct span address;
	struct number_set due; /* those that are to be looked at now */
	uint64_t count;	       /* of those that were retried */
	bool is_impatient;     /* nothing that failed before puts them off */
};

static const struct {
	enum orders_verb verb;
	enum info_order order;
	const char *words; /* of the log */
} verbs[] = {
	{ ORDERS_HOLD, INFO_ORDER_HOLD, "hold msg " },
	{ ORDERS_RELEASE, INFO_ORDER_NONE, "release msg " },
	{ ORDERS_RETURN, INFO_ORDER_RETURN, "return msg " },
	{ ORDERS_DELETE, INFO_ORDER_DELETE, "delete msg " },
	{ ORDERS_PAUSE, INFO_ORDER_PAUSE, "hold msg " },
	{ ORDERS_RESUME, INFO_ORDER_NONE, "release msg " },
	{ ORDERS_KEEP, INFO_ORDER_HOLD, "hold msg " },
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

/* The line is on its way before anything is done: a kill between leaves no order
 * without it. */
static void
log_order(const struct order *order, const char *words, uint64_t number)
{
	struct sendlog *log = &order->send->log;

	sendlog_z(log, words);
	sendlog_u64(log, number);
	if (order->verb == ORDERS_DROP) {
		sendlog_z(log, " to ");
		sendlog_safe(log, order->address);
	}
	sendlog_z(log, " by uid ");
	sendlog_u64(log, order->uid);
	sendlog_end(log);
	sendlog_flush(log);
}

static enum orders_answer
answer_error(const struct order *order, uint64_t number)
{
	if (errno == ENOENT)
		return ORDERS_GONE;
	sendlog_trouble(&order->send->log, "unable to order:",
	    queue_path(QUEUE_INFO, number, order->send->split), "");
	return ORDERS_TROUBLE;
}

/* Its next try, for a qmail-send that starts before the order is carried out;
 * without that it would be at its old time. */
static void
make_due_after_restart(struct send *send, uint64_t number)
{
	for (int i = 0; i < CHANNELS; i++) {
		struct queue_path path =
		    channel_path((enum channel_id)i, number, send->split);

		if (file_set_time(path.s, send->now) < 0 && errno != ENOENT)
			sendlog_trouble(&send->log, "unable to set the time of",
			    path, "; after a restart its order may wait");
	}
}

/* Whether an order is answered without more.  It takes the place of the one
 * before, but only a hold can be released: what is to go must not be delivered
 * because others are let go. */
static bool
is_answered(
    enum orders_verb verb, enum info_order old, enum orders_answer *answer)
{
	*answer = ORDERS_DONE;
	switch (verb) {
	case ORDERS_RELEASE:
		return !info_order_holds(old);
	case ORDERS_RESUME:
		return old != INFO_ORDER_PAUSE;
	case ORDERS_KEEP:
		if (!info_order_holds(old))
			*answer = ORDERS_GONE; /* by another order */
		return old != INFO_ORDER_PAUSE;
	case ORDERS_PAUSE: /* qmail-qctld has one redirect at a time */
		if (!info_order_holds(old))
			*answer = ORDERS_GONE; /* it is to end */
		return old != INFO_ORDER_NONE;
	default:
		return false;
	}
}

/* Takes note of the order in info.  job: NULL for one that is not in memory */
static enum orders_answer
take_note(struct order *order, struct job *job, uint64_t number,
    enum info_order old, int64_t birth)
{
	enum orders_answer answer;
	size_t i = 0;

	if (is_answered(order->verb, old, &answer))
		return answer;
	while (verbs[i].verb != order->verb)
		i++;
	if (verbs[i].order != old)
		log_order(order, verbs[i].words, number);
	/* One that stands there is written again: its sync may have failed, and
	 * the next would have nothing to write. */
	if (info_mark_order(number, order->send->split, verbs[i].order, birth) <
	    0)
		return answer_error(order, number);
	if (job)
		job->order = verbs[i].order;
	if (info_order_holds(verbs[i].order))
		return ORDERS_DONE;
	make_due_after_restart(order->send, number);
	(void)number_set_add(&order->due, number);
	if (order->verb == ORDERS_RELEASE)
		order->is_impatient = true;
	return ORDERS_DONE;
}

/* ---- one recipient ---- */

/* Marks the recipients with the address in a channel.  Returns how many it has
 * marked with those before; -1 with errno, EBUSY if one is under way. */
static int
drop_in_channel(const struct order *order, const struct job *job,
    uint64_t number, int id, int before)
{
	struct channel_recipient next = CHANNEL_RECIPIENT_INIT;
	struct channel_reader reader;
	int fd = channel_open((enum channel_id)id, number, order->send->split);
	int got = 1, count = before;

	if (fd < 0)
		return errno == ENOENT ? before : -1;
	if (channel_read_from(&reader, fd, 0) < 0)
		got = -1;
	while (got > 0 && (got = channel_next(&reader, &next)) > 0) {
		if (next.is_done ||
		    !span_equal(str_span(&next.address), order->address))
			continue;
		if (job &&
		    number_set_has(
			&job->channels[id].busy, next.position + 1)) {
			errno = EBUSY;
			got = -1;
			continue;
		}
		if (count++ == 0)
			log_order(order, "drop msg ", number);
		if (channel_mark_done(fd, next.position) < 0)
			got = -1;
	}
	channel_recipient_free(&next);
	fd_close(fd);
	return got < 0 ? -1 : count;
}

/* A pass may have him in its window: then he is under way, or will be. */
static enum orders_answer
drop(struct order *order, const struct job *job, uint64_t number)
{
	int count = 0;

	for (int i = 0; i < CHANNELS; i++) {
		if (job && job->channels[i].pass)
			return ORDERS_BUSY;
		count = drop_in_channel(order, job, number, i, count);
		if (count < 0)
			return errno == EBUSY ? ORDERS_BUSY
					      : answer_error(order, number);
	}
	if (count == 0)
		return ORDERS_GONE;
	(void)number_set_add(&order->due, number);
	return ORDERS_DONE;
}

/* ---- one message ---- */

/* Of a message that something happens to just now. */
static enum orders_answer
tell_state(const struct job *job)
{
	switch (job->state) {
	case JOB_IN_LINE:
	case JOB_PARKING:
		return ORDERS_IN_LINE;
	case JOB_TRIED:
		return ORDERS_DELIVERED;
	case JOB_ACTIVE:
		for (int i = 0; i < CHANNELS; i++)
			if (job->channels[i].running)
				return ORDERS_DELIVERED;
		return ORDERS_AT_WORK;
	default:
		return ORDERS_GONE;
	}
}

static enum orders_answer
retry(struct order *order, uint64_t number, enum info_order old)
{
	if (info_order_holds(old))
		return ORDERS_IS_HELD;
	(void)number_set_add(&order->due, number);
	order->count++;
	order->is_impatient = true;
	return ORDERS_DONE;
}

/* Of one that is at work, or waits: both have files. */
static enum orders_answer
obey(struct order *order, struct job *job, uint64_t number, enum info_order old,
    int64_t birth)
{
	switch (order->verb) {
	case ORDERS_RETRY:
		return retry(order, number, old);
	case ORDERS_DROP:
		return drop(order, job, number);
	default:
		return take_note(order, job, number, old, birth);
	}
}

/* Of one that qmail-todo has not sorted: it is tried soon, and has nothing yet
 * that an order could be written into. */
static enum orders_answer
answer_unsorted(const struct order *order)
{
	return order->verb == ORDERS_RETRY ? ORDERS_DONE : ORDERS_BUSY;
}

/* Whether all recipients of a channel are done; a file that is not there does
 * not say so: the message may have none in this channel, or have lost it. */
static bool
is_all_done(uint64_t number, uint64_t split, enum channel_id id)
{
	struct channel_recipient next = CHANNEL_RECIPIENT_INIT;
	struct channel_reader reader;
	int fd = file_open_nofollow(channel_path(id, number, split).s);
	int got = fd < 0 ? -1 : 1;

	channel_read(&reader, fd);
	next.is_done = true;
	while (got > 0 && next.is_done)
		got = channel_next(&reader, &next);
	channel_recipient_free(&next);
	fd_close(fd);
	return got == 0;
}

/* Of a message whose recipients are all done, and that waits until its bounce
 * can be queued, there is nothing to be held: the bounce goes in any case. */
static bool
is_too_late_to_hold(const struct order *order, uint64_t number)
{
	uint64_t split = order->send->split;
	bool is_done = false;

	if (order->verb != ORDERS_HOLD && order->verb != ORDERS_PAUSE)
		return false;
	for (int i = 0; i < CHANNELS; i++) {
		enum channel_id id = (enum channel_id)i;

		if (is_all_done(number, split, id))
			is_done = true;
		else if (message_file_exists(channel_path(id, number, split)))
			return false;
	}
	return is_done;
}

static enum orders_answer
obey_waiting(struct order *order, uint64_t number)
{
	struct info info = INFO_INIT;
	enum orders_answer answer;

	if (order->verb == ORDERS_ASK)
		return ORDERS_WAITS;
	if (info_read(number, order->send->split, &info) == 0)
		answer = is_too_late_to_hold(order, number)
		    ? ORDERS_GONE
		    : obey(order, NULL, number, info.order, info.birth);
	else if (errno == ENOENT &&
	    message_file_exists(
		queue_path(QUEUE_TODO, number, order->send->split)) > 0)
		answer = answer_unsorted(order);
	else
		answer = answer_error(order, number);
	info_free(&info);
	return answer;
}

/* What is tried now, or about to be, is tried again at once. */
static enum orders_answer
obey_at_work(struct order *order, struct job *job)
{
	enum orders_answer answer =
	    obey(order, job, job->number, job->order, job->birth);

	bool is_running = false;

	for (int i = 0; answer == ORDERS_DONE && i < CHANNELS; i++) {
		order->send->channels[i].changes++;
		if (number_set_has(&order->due, job->number))
			job->channels[i].retry = order->send->now;
		is_running = is_running || job->channels[i].running;
	}
	return is_running &&
		(order->verb == ORDERS_RETURN || order->verb == ORDERS_DELETE)
	    ? ORDERS_PARTLY
	    : answer;
}

/* Its bounce is being queued.  If that failed, a message without files can still
 * be hastened or deleted here; the others are not in memory then. */
static enum orders_answer
obey_bouncing(struct order *order, struct job *job)
{
	if (order->verb == ORDERS_RETRY)
		return retry(order, job->number, INFO_ORDER_NONE);
	if (order->verb != ORDERS_DELETE)
		return ORDERS_GONE;
	if (!job->is_straight || !job->is_again)
		return ORDERS_BUSY;
	job->order = INFO_ORDER_DELETE;
	log_order(order, "delete msg ", job->number);
	life_finish(order->send, job);
	return ORDERS_DONE;
}

static enum orders_answer
obey_of_message(struct order *order, uint64_t number)
{
	struct job *job = job_find(&order->send->jobs, number);

	if (loading_has(&order->send->loading, number))
		return ORDERS_BUSY; /* its files may not be whole */
	if (order->verb != ORDERS_ASK && sendlog_is_behind(&order->send->log))
		return ORDERS_BUSY; /* nothing is done that is not logged */
	if (!job)
		return obey_waiting(order, number);
	if (order->verb == ORDERS_ASK)
		return tell_state(job);
	switch (job->state) {
	case JOB_IN_LINE:
	case JOB_TRIED:
	case JOB_PARKING:
		/* It has no files yet; it gets some, or ends, soon. */
		return answer_unsorted(order);
	case JOB_ACTIVE:
		return obey_at_work(order, job);
	case JOB_BOUNCING:
		return obey_bouncing(order, job);
	default:
		return ORDERS_GONE;
	}
}

/* ---- all of them ---- */

static bool
is_due(const void *context, uint64_t number)
{
	return number_set_has(context, number);
}

struct leaving {
	struct order *order;
	struct heap *heap;
};

static bool
stays_fresh(void *context, uint64_t number)
{
	struct leaving *leaving = context;

	if (!number_set_has(&leaving->order->due, number))
		return true;
	heap_add(leaving->heap,
	    (struct heap_entry){ leaving->order->send->now, number });
	return false;
}

/* What is to go does not wait in line for its first try. */
static void
make_due(struct order *order)
{
	struct send *send = order->send;

	for (int i = 0; order->due.len && i < CHANNELS; i++) {
		struct leaving leaving = { order, &send->channels[i].waiting };

		heap_hurry(leaving.heap, send->now, is_due, &order->due);
		if (order->verb == ORDERS_RETURN ||
		    order->verb == ORDERS_DELETE)
			backlog_keep(
			    &send->channels[i].fresh, stays_fresh, &leaving);
	}
	if (!order->is_impatient)
		return;
	hops_forget_troubles(&send->hops);
	link_send(
	    &send->deliveries.links[CHANNEL_REMOTE], SPAN(DELIVERY_FORGET), -1);
	/* A bounce that could not be queued is tried again, too. */
	trouble_hurry(&send->trouble, send->monotonic);
	if (order->count == 0)
		return;
	sendlog_z(&send->log, "retry of ");
	sendlog_u64(&send->log, order->count);
	sendlog_z(&send->log, " msgs by uid ");
	sendlog_u64(&send->log, order->uid);
	sendlog_end(&send->log);
}

static bool
is_verb(struct span value)
{
	static const char letters[] = { ORDERS_ASK, ORDERS_HOLD, ORDERS_RELEASE,
		ORDERS_RETRY, ORDERS_RETURN, ORDERS_DELETE, ORDERS_DROP,
		ORDERS_PAUSE, ORDERS_RESUME, ORDERS_KEEP };

	return value.len == 1 &&
	    span_has(span_make(letters, sizeof(letters)), value.s[0]);
}

/* What stands before the numbers. */
static bool
parse_head(struct span *rest, struct order *order)
{
	struct span verb;

	if (!record_next_number(rest, ORDERS_TAG, UINT32_MAX, &order->tag) ||
	    !record_next_is(rest, ORDERS_VERB, &verb) || !is_verb(verb) ||
	    !record_next_number(rest, ORDERS_UID, UINT32_MAX, &order->uid) ||
	    !record_next_optional(rest, ORDERS_ADDRESS, &order->address))
		return false;
	order->verb = (enum orders_verb)verb.s[0];
	return order->verb != ORDERS_DROP || order->address.s;
}

static bool
are_numbers(struct span rest)
{
	uint64_t number, count = 0;

	while (rest.len && count++ < ORDERS_MOST)
		if (!record_next_number(
			&rest, ORDERS_NUMBER, INT64_MAX, &number) ||
		    number == 0)
			return false;
	return rest.len == 0;
}

int
orders_hear(struct send *send, struct span request)
{
	struct order order = { .send = send };
	struct str answer = STR_INIT;
	uint64_t number;

	if (!parse_head(&request, &order) || !are_numbers(request))
		return -1;
	record_add_number(&answer, ORDERS_TAG, order.tag);
	while (
	    record_next_number(&request, ORDERS_NUMBER, INT64_MAX, &number)) {
		const char letter = (char)obey_of_message(&order, number);

		record_add_number(&answer, ORDERS_NUMBER, number);
		record_add(&answer, ORDERS_ANSWER, span_make(&letter, 1));
	}
	make_due(&order);
	link_send(&send->qctld, str_span(&answer), -1);
	number_set_free(&order.due);
	str_free(&answer);
	return 0;
}
