/*
 * send_jobs.c - messages from their arrival to their end.
 * Input: from a peer of ours
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "mail/bounce.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

#include "send.h"
#include "sorted.h"
#include "waiting.h"

#define RELEASE_COUNT 24   /* finished messages that go out at once */
#define GONE_COUNT    64   /* and those that are gone from todo */
#define ANSWERED_MAX  4096 /* answered orders that are kept */

/* Steps of the schedule, in seconds: square root of the age grows by this. */
static const int64_t retry_steps[CHANNELS] = { 10, 20 };

struct job *
job_find(struct send *send, uint64_t number)
{
	return number_set_value(&send->jobs, number);
}

struct job *
job_new(struct send *send, uint64_t number)
{
	struct job *job = must_realloc(NULL, sizeof(*job));

	*job = (struct job){ .number = number };
	for (int i = 0; i < CHANNELS; i++)
		job->channels[i].fd = -1;
	must(number_set_add(&send->jobs, number));
	number_set_set_value(&send->jobs, number, job);
	return job;
}

void
job_free(struct send *send, struct job *job)
{
	number_set_remove(&send->jobs, job->number);
	for (int i = 0; i < CHANNELS; i++)
		fd_close(job->channels[i].fd);
	str_free(&job->sender);
	str_free(&job->recipient);
	str_free(&job->failure);
	must_free(job);
}

static int64_t
square_root(int64_t n)
{
	int64_t root = 0;

	for (int64_t bit = (int64_t)1 << 31; bit; bit >>= 1)
		if ((root + bit) * (root + bit) <= n)
			root += bit;
	return root;
}

int64_t
job_next_try(int64_t birth, int64_t now, enum channel_id channel)
{
	int64_t age = now > birth ? now - birth : 0;
	int64_t root = square_root(age) + retry_steps[channel];

	return birth + root * root;
}

/* ---- what qmail-clean does for us ---- */

/* Says which messages are gone from todo, before any other word. */
static void
tell_gone(struct send *send)
{
	for (size_t i = 0; i < send->gone.len; i++)
		record_add_number(
		    &send->todo.words, SORTED_GONE, send->gone.at[i]);
	send->gone.len = 0;
}

static void
tell_todo(struct send *send, char word, uint64_t number)
{
	tell_gone(send);
	record_add_number(&send->todo.words, word, number);
}

/* qmail-todo only forgets them; many go out together, whenever that is. */
static void
hold_gone(struct send *send, uint64_t number)
{
	vec_push(&send->gone, number);
	if (send->gone.len >= GONE_COUNT)
		tell_gone(send);
}

void
job_release(struct send *send, bool all)
{
	size_t count = send->finished.len;

	if (count == 0 ||
	    (!all && send->deliveries.len > 0 && count < RELEASE_COUNT &&
		clock_monotonic() - send->finished_since < SEND_HOLD_MS))
		return;
	for (size_t i = 0; i < count; i++)
		job_order_clean(send, CLEAN_FINISHED, send->finished.at[i]);
	send->finished.len = 0;
}

static void
hold_finished(struct send *send, uint64_t number)
{
	if (send->finished.len == 0)
		send->finished_since = clock_monotonic();
	vec_push(&send->finished, number);
}

void
job_order_clean(struct send *send, char letter, uint64_t number)
{
	struct clean_order order = { letter, number };

	record_add_number(&send->clean.words, letter, number);
	vec_push(&send->clean_orders, order);
}

/* Asks once more, with all others that failed, after a while. */
static void
order_again(struct send *send, struct clean_order order)
{
	if (send->clean_again.len == 0)
		send->clean_again_at = send->now + SEND_SYSTEM_RETRY;
	vec_push(&send->clean_again, order);
}

/* Without its envelope nobody knows whether the files of a waiting message are
 * whole: it must not be touched before. */
static void
restore_again(struct send *send, uint64_t number)
{
	if (!load_postpone(send, number))
		return; /* qmail-todo came upon it by itself */
	send_log_trouble(send, "qmail-clean unable to examine", "mess", number,
	    "; will try again later");
	order_again(send, (struct clean_order){ CLEAN_RESTORE, number });
}

static void
hear_clean_answer(struct send *send, struct clean_order order, char answer)
{
	bool failed = answer == CLEAN_FAILED;

	switch (order.letter) {
	case CLEAN_SORTED:
	case CLEAN_FINISHED:
		if (!failed) {
			hold_gone(send, order.number);
			return;
		}
		send_log_trouble(send, "qmail-clean unable to clean up", "mess",
		    order.number, "");
		order_again(send, order);
		return;
	case CLEAN_RESTORE:
		if (answer == CLEAN_RESTORED)
			tell_todo(send, SORTED_LOOK, order.number);
		else if (failed)
			restore_again(send, order.number);
		else
			load_settle(send, order.number);
		return;
	default:
		if (answer == CLEAN_RESTORED)
			tell_todo(send, SORTED_LOOK, order.number);
		else if (failed)
			load_sweep_again(send);
	}
}

/* Forgets the orders that were answered, now and then all at once. */
static void
drop_answered(struct send *send)
{
	size_t left = send->clean_orders.len - send->clean_answered;

	if (left && send->clean_answered < ANSWERED_MAX)
		return;
	if (left)
		memmove(send->clean_orders.at,
		    send->clean_orders.at + send->clean_answered,
		    left * sizeof(*send->clean_orders.at));
	send->clean_orders.len = left;
	send->clean_answered = 0;
}

void
job_hear_clean(struct send *send, struct span record)
{
	struct span digits;
	char answer;

	while (record_next(&record, &answer, &digits)) {
		must(send->clean_answered < send->clean_orders.len);
		hear_clean_answer(send,
		    send->clean_orders.at[send->clean_answered++], answer);
	}
	drop_answered(send);
}

/* ---- new messages ---- */

/* What qmail-todo says of a message. */
struct arrival {
	uint64_t number, size, birth, uid, pid;
	struct span sender;
};

static bool
parse_arrival(struct span *rest, char word, struct arrival *arrival)
{
	return record_next_number(rest, word, INT64_MAX, &arrival->number) &&
	    record_next_number(rest, SORTED_SIZE, INT64_MAX, &arrival->size) &&
	    record_next_number(
		rest, SORTED_BIRTH, INT64_MAX, &arrival->birth) &&
	    record_next_number(rest, SORTED_UID, UINT32_MAX, &arrival->uid) &&
	    record_next_number(rest, SORTED_PID, UINT32_MAX, &arrival->pid) &&
	    record_next_is(rest, SORTED_SENDER, &arrival->sender);
}

static void
log_arrival(struct send *send, const struct arrival *arrival)
{
	send_log_z(send, "new msg ");
	send_log_u64(send, arrival->number);
	send_log_end(send);
	send_log_z(send, "info msg ");
	send_log_u64(send, arrival->number);
	send_log_z(send, ": bytes ");
	send_log_u64(send, arrival->size);
	send_log_z(send, " from <");
	send_log_safe(send, arrival->sender);
	send_log_z(send, "> qp ");
	send_log_u64(send, arrival->pid);
	send_log_z(send, " uid ");
	send_log_u64(send, arrival->uid);
	send_log_end(send);
}

/* A message with one recipient or none, that has no files but in todo. */
static void
hear_new(struct send *send, struct span rest)
{
	struct arrival arrival;
	struct job *job;
	struct span recipient;
	char letter;

	must(parse_arrival(&rest, SORTED_NEW, &arrival));
	log_arrival(send, &arrival);
	must(!job_find(send, arrival.number));
	job = job_new(send, arrival.number);
	job->is_straight = true;
	job->birth = (int64_t)arrival.birth;
	job->since = clock_monotonic();
	str_set(&job->sender, arrival.sender);
	if (!record_next(&rest, &letter, &recipient)) {
		job_finish(send, arrival.number);
		return;
	}
	job->channel = letter == SORTED_LOCAL ? CHANNEL_LOCAL : CHANNEL_REMOTE;
	str_set(&job->recipient, recipient);
	pass_add_straight(send, job);
}

/* Puts a message whose files were just made into the heaps. */
static void
schedule(struct send *send, uint64_t number, struct span rest, int64_t when)
{
	static const char letters[CHANNELS] = { SORTED_LOCAL, SORTED_REMOTE };
	bool waits = false;

	for (int i = 0; i < CHANNELS; i++) {
		uint64_t count;

		must(record_next_number(&rest, letters[i], INT64_MAX, &count));
		if (count == 0)
			continue;
		waits = true;
		heap_add(&send->channels[i].waiting,
		    (struct heap_entry){ when, number });
	}
	if (!waits)
		heap_add(
		    &send->finishing, (struct heap_entry){ send->now, number });
}

/* A message whose files are there now: new, parked, or made again. */
static void
hear_waiting(struct send *send, struct span rest)
{
	struct arrival arrival;
	struct job *job;
	int64_t when = send->now;

	must(parse_arrival(&rest, SORTED_WAITING, &arrival));
	job = job_find(send, arrival.number);
	if (job) {
		must(job->state == JOB_PARKING);
		when = job->channels[job->channel].retry;
		send->parking--;
		job_free(send, job);
	} else {
		log_arrival(send, &arrival);
		(void)load_forget(send, arrival.number);
	}
	job_order_clean(send, CLEAN_SORTED, arrival.number);
	schedule(send, arrival.number, rest, when);
}

/* A waiting message was found whole after a restart. */
static void
hear_whole(struct send *send, struct span rest)
{
	uint64_t number;

	must(record_next_number(&rest, SORTED_WHOLE, INT64_MAX, &number));
	job_order_clean(send, CLEAN_SORTED, number);
	load_settle(send, number);
}

static void
hear_broken(struct send *send, struct span rest)
{
	struct span text;
	struct job *job;
	uint64_t number;

	must(record_next_number(&rest, SORTED_BROKEN, INT64_MAX, &number) &&
	    record_next_is(&rest, SORTED_TEXT, &text));
	send_log_z(send, "warning: ");
	str_add(&send->log, text);
	send_log_end(send);
	job = job_find(send, number);
	if (job && job->state == JOB_PARKING) {
		send->parking--;
		job_free(send, job);
	}
	/* qmail-todo looks at it again later.  Until then its files may be
	 * anything, even missing, which must not look like finished. */
	(void)load_postpone(send, number);
}

void
job_hear_todo(struct send *send, struct span record)
{
	struct span rest = record, text;
	char word = record.s[0];

	switch (word) {
	case SORTED_NEW:
		hear_new(send, record);
		break;
	case SORTED_WAITING:
		hear_waiting(send, record);
		break;
	case SORTED_WHOLE:
		hear_whole(send, record);
		break;
	case SORTED_BROKEN:
		hear_broken(send, record);
		break;
	default:
		must(record_next_is(&rest, SORTED_ALERT, &text));
		send_log_z(send, "alert: ");
		str_add(&send->log, text);
		send_log_end(send);
	}
}

void
job_park(struct send *send, struct job *job, int64_t retry)
{
	job->state = JOB_PARKING;
	job->channels[job->channel].retry = retry;
	send->parking++;
	tell_todo(send, SORTED_PARK, job->number);
}

/* ---- the end of a channel, and of a message ---- */

static struct queue_path
channel_path(const struct send *send, uint64_t number, int channel)
{
	return queue_path(
	    (enum queue_folder)waiting_folder((enum channel_id)channel), number,
	    send->split);
}

bool
job_is_there(struct queue_path path)
{
	return access(path.s, F_OK) == 0 || errno != ENOENT;
}

/* All recipients of the channel are done: its file goes, and with the last
 * file the message.  Returns false on trouble with the disk. */
static bool
finish_channel(struct send *send, struct job *job, enum channel_id channel)
{
	int other = channel == CHANNEL_LOCAL ? CHANNEL_REMOTE : CHANNEL_LOCAL;
	bool other_waits = job_is_there(channel_path(send, job->number, other));

	if (other_waits &&
	    waiting_mark_channel(job->number, send->split, channel,
		job->channels[channel].recipients, job->birth) < 0)
		return false;
	if (unlink(channel_path(send, job->number, (int)channel).s) < 0 &&
	    errno != ENOENT) {
		send_log_trouble(send, "unable to unlink",
		    queue_folder_name(
			(enum queue_folder)waiting_folder(channel)),
		    job->number, "; will try again later");
		return false;
	}
	if (!other_waits)
		heap_add(&send->finishing,
		    (struct heap_entry){ send->now, job->number });
	return true;
}

void
job_settle(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];
	int64_t retry = own->retry;

	if (own->is_passing || own->running)
		return;
	fd_close(own->fd);
	own->fd = -1;
	if (own->open > 0) {
		heap_add(&send->channels[channel].waiting,
		    (struct heap_entry){ retry, job->number });
	} else if (!finish_channel(send, job, channel)) {
		heap_add(&send->channels[channel].waiting,
		    (struct heap_entry){
			send->now + SEND_SYSTEM_RETRY, job->number });
	}
	for (int i = 0; i < CHANNELS; i++)
		if (job->channels[i].is_passing || job->channels[i].running)
			return;
	job_free(send, job);
}

/* Removes what is left; the accepted envelope goes last, by qmail-clean. */
void
job_remove(struct send *send, struct job *job)
{
	if (!job->is_straight) {
		struct queue_path info =
		    queue_path(QUEUE_INFO, job->number, send->split);
		struct queue_path bounce =
		    queue_path(QUEUE_BOUNCE, job->number, send->split);

		if ((unlink(bounce.s) < 0 && errno != ENOENT) ||
		    (unlink(info.s) < 0 && errno != ENOENT)) {
			send_log_trouble(send, "unable to unlink", "info",
			    job->number, "; will try again later");
			heap_add(&send->finishing,
			    (struct heap_entry){
				send->now + SEND_SYSTEM_RETRY, job->number });
			job_free(send, job);
			return;
		}
	}
	send_log_z(send, "end msg ");
	send_log_u64(send, job->number);
	send_log_end(send);
	hold_finished(send, job->number);
	job_free(send, job);
}

/* Loads what a bounce needs to know of a waiting message. */
static struct job *
load_finishing(struct send *send, uint64_t number)
{
	struct job *job = job_new(send, number);

	if (waiting_read_info(number, send->split, &job->sender, &job->birth) ==
	    0)
		return job;
	send_log_trouble(
	    send, "unable to read", "info", number, "; will try again later");
	heap_add(&send->finishing,
	    (struct heap_entry){ send->now + SEND_SYSTEM_RETRY, number });
	job_free(send, job);
	return NULL;
}

void
job_finish(struct send *send, uint64_t number)
{
	struct job *job = job_find(send, number);
	bool bounces;

	if (job && !job->is_straight) {
		/* The other channel is not quite done with it. */
		heap_add(&send->finishing,
		    (struct heap_entry){ send->now + 1, number });
		return;
	}
	if (!job && !(job = load_finishing(send, number)))
		return;
	bounces = job->is_straight
	    ? job->failure.len > 0
	    : job_is_there(queue_path(QUEUE_BOUNCE, number, send->split));
	if (bounces &&
	    bounce_kind_of(str_span(&job->sender)) == BOUNCE_TRIPLE) {
		send_log_z(send, "triple bounce: discarding bounce/");
		send_log_u64(send, number);
		send_log_end(send);
		bounces = false;
	}
	if (!bounces) {
		job_remove(send, job);
		return;
	}
	job->state = JOB_BOUNCING;
	scribe_inject(send, job);
}
