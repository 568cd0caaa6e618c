/*
 * send_pass.c - who is delivered next.
 *
 * In each channel two kinds of work take turns at the slots: messages that go
 * straight, in the order of their arrival, and passes over the recipients of
 * messages that wait, the earliest due first.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "queue/path.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

#include "send.h"
#include "waiting.h"

#define STRAIGHT_PATIENCE 2000 /* milliseconds a straight message may wait */
#define ADDRESS_MAX	  4096 /* bytes of a rewritten address */

static bool
is_scribe_busy(const struct send *send)
{
	return send->scribe_orders >= SEND_SCRIBE_MAX;
}

static bool
has_slot(const struct send *send, const struct channel *channel)
{
	return !send->exits_asap && channel->link.fd != -1 &&
	    channel->running < channel->limit && !is_scribe_busy(send);
}

/* ---- straight messages ---- */

void
pass_add_straight(struct send *send, struct job *job)
{
	struct channel *channel = &send->channels[job->channel];

	job->next = NULL;
	if (channel->straight_last)
		channel->straight_last->next = job;
	else
		channel->straight_first = job;
	channel->straight_last = job;
}

static struct job *
take_straight(struct channel *channel)
{
	struct job *job = channel->straight_first;

	channel->straight_first = job->next;
	if (!channel->straight_first)
		channel->straight_last = NULL;
	return job;
}

static void
start_straight(struct send *send, enum channel_id id)
{
	struct job *job = take_straight(&send->channels[id]);
	struct job_channel *own = &job->channels[id];

	own->retry = job_next_try(job->birth, send->now, id);
	job->is_over_age = send->now > job->birth + (int64_t)send->lifetime;
	deliver_start(send, job, id, str_span(&job->recipient), 0);
}

/* Parks those that waited too long, or have no slot to wait for; all if asked
 * to. */
static void
park_straight(struct send *send, bool all)
{
	int64_t limit = clock_monotonic() - STRAIGHT_PATIENCE;

	for (int id = 0; id < CHANNELS; id++) {
		struct channel *channel = &send->channels[id];

		while (channel->straight_first &&
		    (all || channel->limit == 0 ||
			channel->straight_first->since <= limit))
			job_park(send, take_straight(channel), send->now);
	}
}

/* ---- passes ---- */

/* Trouble with the files of a waiting message: later. */
static void
postpone(
    struct send *send, enum channel_id id, uint64_t number, const char *folder)
{
	send_log_trouble(
	    send, "trouble opening", folder, number, "; will try again later");
	heap_add(&send->channels[id].waiting,
	    (struct heap_entry){ send->now + SEND_SYSTEM_RETRY, number });
}

/* The job of a waiting message, read from info unless the other channel is
 * at work on it. */
static struct job *
load_job(struct send *send, enum channel_id id, uint64_t number)
{
	struct job *job = job_find(send, number);

	if (job)
		return job;
	job = job_new(send, number);
	if (waiting_read_info(number, send->split, &job->sender, &job->birth) <
	    0) {
		job_free(send, job);
		postpone(send, id, number, "info");
		return NULL;
	}
	return job;
}

/* Begins to start the recipients of the message that is due. */
static void
begin_pass(struct send *send, enum channel_id id)
{
	struct channel *channel = &send->channels[id];
	uint64_t number = heap_first(&channel->waiting)->number;
	enum queue_folder folder = (enum queue_folder)waiting_folder(id);
	struct job *job;
	int fd;

	heap_remove_first(&channel->waiting);
	fd = file_update(queue_path(folder, number, send->split).s);
	if (fd < 0) {
		postpone(send, id, number, queue_folder_name(folder));
		return;
	}
	if (!(job = load_job(send, id, number))) {
		fd_close(fd);
		return;
	}
	must(job->channels[id].fd == -1);
	job->channels[id] = (struct job_channel){ .fd = fd,
		.is_passing = true,
		.retry = job_next_try(job->birth, send->now, id) };
	job->is_over_age = send->now > job->birth + (int64_t)send->lifetime;
	channel->pass = job;
	channel->pass_position = 0;
	in_init(&channel->pass_in, fd, channel->pass_buffer,
	    sizeof(channel->pass_buffer));
}

static void
end_pass(struct send *send, enum channel_id id)
{
	struct job *job = send->channels[id].pass;

	send->channels[id].pass = NULL;
	job->channels[id].is_passing = false;
	job_settle(send, job, id);
}

/* Damage in the file: what was started goes on, the rest comes later. */
static void
break_pass(struct send *send, enum channel_id id)
{
	struct job *job = send->channels[id].pass;

	send_log_trouble(send, "unknown record type in",
	    queue_folder_name((enum queue_folder)waiting_folder(id)),
	    job->number, "!");
	job->channels[id].open++; /* so that the file stays */
	job->channels[id].retry = send->now + SEND_SYSTEM_RETRY;
	end_pass(send, id);
}

/* Starts the next open recipient of the pass; ends it after the last. */
static void
continue_pass(struct send *send, enum channel_id id)
{
	struct channel *channel = &send->channels[id];
	struct job_channel *own = &channel->pass->channels[id];
	struct str address = STR_INIT;
	char letter = WAITING_DONE;
	int got = 1;

	while (letter == WAITING_DONE && got > 0) {
		uint64_t position = channel->pass_position;

		got = in_read_byte(&channel->pass_in, &letter);
		if (got <= 0)
			break;
		str_reset(&address);
		got = letter == WAITING_TO_DO || letter == WAITING_DONE
		    ? in_read_until(
			  &channel->pass_in, '\0', &address, ADDRESS_MAX)
		    : -1;
		if (got <= 0) {
			got = -1; /* the file ends within a record */
			break;
		}
		channel->pass_position += 1 + address.len;
		own->recipients++;
		if (letter == WAITING_DONE)
			continue;
		own->open++;
		deliver_start(send, channel->pass, id,
		    span_upto(str_span(&address), address.len - 1), position);
	}
	if (got < 0)
		break_pass(send, id);
	else if (got == 0)
		end_pass(send, id);
	str_free(&address);
}

/*
 * Whether some message that waits has work for a slot.  While a failure of the
 * message that is passed is being recorded its next recipients wait, so that
 * bounce/N holds what the log tells by the time they start.
 */
static bool
is_due(const struct send *send, enum channel_id id)
{
	const struct channel *channel = &send->channels[id];
	const struct heap_entry *first = heap_first(&channel->waiting);

	if (channel->pass)
		return channel->pass->channels[id].recording == 0;
	return first && first->when <= send->now;
}

/* Gives one slot away.  Returns false if nobody wants it now. */
static bool
use_slot(struct send *send, enum channel_id id)
{
	struct channel *channel = &send->channels[id];
	bool due = is_due(send, id);

	if (channel->straight_first && (!due || !channel->was_straight)) {
		channel->was_straight = true;
		start_straight(send, id);
		return true;
	}
	channel->was_straight = false;
	if (!due)
		return false;
	if (!channel->pass)
		begin_pass(send, id);
	else
		continue_pass(send, id);
	return true;
}

static void
finish_due(struct send *send)
{
	const struct heap_entry *first;

	while (!is_scribe_busy(send) &&
	    (first = heap_first(&send->finishing)) &&
	    first->when <= send->now) {
		uint64_t number = first->number;

		heap_remove_first(&send->finishing);
		job_finish(send, number);
	}
}

void
pass_run(struct send *send)
{
	for (int id = 0; id < CHANNELS; id++)
		while (has_slot(send, &send->channels[id]) &&
		    use_slot(send, (enum channel_id)id))
			continue;
	park_straight(send, send->exits_asap);
	finish_due(send);
}

int64_t
pass_next_event(const struct send *send)
{
	int64_t next = INT64_MAX;
	const struct heap_entry *first;

	for (int id = 0; id < CHANNELS; id++) {
		const struct channel *channel = &send->channels[id];

		if (channel->straight_first && next > send->now + 1)
			next = send->now + 1; /* it may have to be parked */
		if (!has_slot(send, channel))
			continue;
		if (is_due(send, (enum channel_id)id))
			next = send->now;
		else if (!channel->pass &&
		    (first = heap_first(&channel->waiting)) &&
		    first->when < next)
			next = first->when;
	}
	if (!is_scribe_busy(send) && (first = heap_first(&send->finishing)) &&
	    first->when < next)
		next = first->when;
	return next;
}

void
pass_store_times(struct send *send)
{
	for (int id = 0; id < CHANNELS; id++) {
		const struct heap *waiting = &send->channels[id].waiting;
		enum queue_folder folder =
		    (enum queue_folder)waiting_folder((enum channel_id)id);

		for (size_t i = 0; i < waiting->entries.len; i++) {
			struct heap_entry entry = waiting->entries.at[i];

			if (file_set_time(
				queue_path(folder, entry.number, send->split).s,
				entry.when) < 0)
				send_log_trouble(send,
				    "unable to set the time of",
				    queue_folder_name(folder), entry.number,
				    "; will try at the next start");
		}
	}
}
