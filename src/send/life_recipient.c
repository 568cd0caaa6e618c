/*
 * life_recipient.c - what becomes of the recipients of a message with files.
 * Input: from peers of ours; texts of reports: hostile
 */
#include "life.h"

#include <errno.h>
#include <unistd.h>

#include "base/must.h"
#include "queue/clean.h"
#include "queue/info.h"
#include "sys/fd.h"

/* The recipient has its result, and nothing of it is under way any more. */
static void
end_recipient(struct job_channel *own, uint64_t position)
{
	number_set_remove(&own->busy, position + 1);
}

/* Writes D.  If that cannot be done it is done in memory: the message must not
 * be delivered again for it. */
static void
mark(struct send *send, struct job *job, enum channel_id channel,
    uint64_t position)
{
	struct job_channel *own = &job->channels[channel];

	if (channel_mark_done(own->fd, position) == 0) {
		end_recipient(own, position);
		return;
	}
	if (own->unmarked.len == 0) {
		sendlog_trouble(&send->log, "trouble marking",
		    channel_path(channel, job->number, send->split),
		    "; will try again later");
		send->unmarked++;
		life_try_again(send, AGAIN_MESSAGE, job->number);
	}
	vec_push(&own->unmarked, position);
}

void
life_drop_recipient(struct send *send, struct job *job, enum channel_id channel,
    uint64_t position)
{
	must(number_set_add(&job->channels[channel].busy, position + 1));
	mark(send, job, channel, position);
}

/* Gives the scribe what it is to do, if it has nothing of this book. */
static void
record(struct send *send, struct job *job, enum channel_id channel,
    enum job_book book)
{
	struct job_entry_book *own = &job->channels[channel].books[book];
	struct span text;

	if (own->is_recording)
		return;
	text = job_next_record(own, SCRIBING_TEXT_MAX);
	if (text.len == 0)
		return;
	own->is_recording = true;
	if (book == JOB_FAILURES)
		scribing_record(&send->scribing, job->number, channel, text);
	else
		scribing_tell(&send->scribing, job, channel, text);
}

/* Notes that the sender is to be told.  While he cannot be, memory is bounded:
 * then the log alone tells of more. */
static void
note_success(struct send *send, struct job *job, const struct event *event)
{
	struct job_entry_book *own =
	    &job->channels[event->delivery->run->channel].books[JOB_SUCCESSES];
	struct str status = STR_INIT;

	life_add_success(send, job, event, &status);
	if (status.len && !own->is_recording && job_has_many_entries(own))
		sendlog_message(&send->log,
		    "warning: too many notices of success wait: none for msg ",
		    job->number, "");
	else if (status.len)
		job_add_entry(
		    own, event->delivery->position, str_span(&status));
	str_free(&status);
}

/* The sender is told of it after D: mail must not come twice for a notice. */
void
life_recipient_done(
    struct send *send, struct job *job, const struct event *event)
{
	enum channel_id channel = event->delivery->run->channel;

	job->channels[channel].running--;
	note_success(send, job, event);
	mark(send, job, channel, event->delivery->position);
	record(send, job, channel, JOB_SUCCESSES);
	life_settle(send, job, channel);
}

void
life_recipient_failed(
    struct send *send, struct job *job, const struct event *event)
{
	enum channel_id channel = event->delivery->run->channel;
	struct job_channel *own = &job->channels[channel];
	uint64_t position = event->delivery->position;
	struct str paragraph = STR_INIT;

	own->running--;
	life_add_failure(send, event, &paragraph);
	if (paragraph.len) {
		job_add_entry(
		    &own->books[JOB_FAILURES], position, str_span(&paragraph));
		record(send, job, channel, JOB_FAILURES);
	} else { /* he does not want to hear of it */
		mark(send, job, channel, position);
		life_settle(send, job, channel);
	}
	str_free(&paragraph);
}

void
life_recipient_deferred(
    struct send *send, struct job *job, const struct event *event)
{
	enum channel_id channel = event->delivery->run->channel;
	struct job_channel *own = &job->channels[channel];

	own->running--;
	own->left++;
	life_add_delay(send, job, event, &own->delays);
	end_recipient(own, event->delivery->position);
	life_settle(send, job, channel);
}

void
life_recorded(struct send *send, struct job *job, const struct event *event)
{
	struct job_entry_book *own =
	    &job->channels[event->channel].books[event->book];

	if (event->book == JOB_SUCCESSES && event->qp)
		life_log_queued(send, "notice msg ", event);
	else if (event->book == JOB_SUCCESSES)
		sendlog_message(&send->log,
		    "warning: notice of success is refused, msg ", job->number,
		    "");
	own->is_recording = false;
	for (size_t i = 0; i < own->recording.list.len; i++)
		if (event->book == JOB_FAILURES)
			mark(send, job, event->channel,
			    own->recording.list.at[i].position);
	own->recording.list.len = 0;
	str_reset(&own->recording.text);
	send->channels[event->channel].changes++;
	record(send, job, event->channel, event->book);
	life_settle(send, job, event->channel);
}

void
life_not_recorded(struct send *send, struct job *job, const struct event *event)
{
	job->channels[event->channel].books[event->book].is_recording = false;
	send->channels[event->channel].changes++;
	if (event->book == JOB_SUCCESSES)
		sendlog_line(&send->log,
		    "warning: trouble injecting notice of success, will try later");
	else
		sendlog_trouble(&send->log, "unable to append to",
		    queue_path(QUEUE_BOUNCE, job->number, send->split),
		    "; will try again later");
	life_try_again(send, AGAIN_MESSAGE, job->number);
}

static void
mark_again(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];
	size_t count = own->unmarked.len;
	uint64_t *positions = own->unmarked.at;

	if (count == 0)
		return;
	own->unmarked.at = NULL;
	own->unmarked.len = own->unmarked.cap = 0;
	send->unmarked--;
	for (size_t i = 0; i < count; i++)
		mark(send, job, channel, positions[i]);
	must_free(positions);
}

void
life_write_again(struct send *send, struct job *job, const struct event *event)
{
	uint64_t number = event->number;

	/* With the first channel it may end already, or be forgotten. */
	for (int i = 0; i < CHANNELS && job && job->state == JOB_ACTIVE; i++) {
		mark_again(send, job, (enum channel_id)i);
		for (int book = 0; book < JOB_BOOKS; book++)
			record(
			    send, job, (enum channel_id)i, (enum job_book)book);
		life_settle(send, job, (enum channel_id)i);
		job = job_find(&send->jobs, number);
	}
}

/* Its marks go where nobody looks for them; but nothing is lost. */
void
life_keep_open(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	cleaning_order(&send->cleaning, CLEAN_SORTED, event->number);
}

/* ---- the end of a channel ---- */

/*
 * After a pass that did not see all recipients: are some left?  Returns 0;
 * -1 if that cannot be told.
 */
static int
count_left(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];

	if (!own->is_partial || own->left)
		return 0;
	own->is_partial = false;
	return channel_count(channel, job->number, send->split, &own->total,
		   &own->left) < 0
	    ? -1
	    : 0;
}

/*
 * All recipients of the channel are done.  While the other one waits info tells
 * so, and the file goes when that is on the disk: a power cut that took the
 * mark, and not the file, would have all of them done again.  Else both stay
 * until the message ends.
 */
static int
finish_channel(struct send *send, struct job *job, enum channel_id channel)
{
	int other = channel == CHANNEL_LOCAL ? CHANNEL_REMOTE : CHANNEL_LOCAL;
	struct job_channel *own = &job->channels[channel];

	if (job->channels[other].state == JOB_CHANNEL_WAITS) {
		if (info_mark_finished(job->number, send->split, channel,
			own->total, job->birth) < 0)
			return -1;
		scribing_sync(&send->scribing, job->number, channel);
	}
	own->state = JOB_CHANNEL_NONE;
	own->is_finished = true;
	return 0;
}

/*
 * Tells the sender that some wait, once: the mark comes first, so that a
 * restart does not tell him again.  With a busy scribe, after the next pass.
 */
static void
tell_of_delay(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];

	/* What was ordered to end is not tried again. */
	if (own->delays.len == 0 || info_order_ends(job->order) ||
	    scribing_is_busy(&send->scribing))
		return;
	if (info_mark_delay(job->number, send->split, channel, job->birth) <
	    0) {
		sendlog_trouble(&send->log, "unable to mark",
		    queue_path(QUEUE_INFO, job->number, send->split),
		    "; its sender is told of the delay after the next try");
		return;
	}
	scribing_warn(&send->scribing, job,
	    life_birth(send, job) + (int64_t)send->lifetime,
	    str_span(&own->delays));
	own->is_told_of_delay = true;
}

/* Meanwhile its files may have been made again; only the mark allows it. */
void
life_mark_synced(struct send *send, struct job *job, const struct event *event)
{
	struct queue_path path =
	    channel_path(event->channel, event->number, send->split);
	struct info info = INFO_INIT;

	(void)job;
	if (info_read(event->number, send->split, &info) == 0 &&
	    info.is_finished[event->channel] && unlink(path.s) < 0 &&
	    errno != ENOENT)
		sendlog_trouble(&send->log, "unable to unlink", path,
		    "; it goes with the message");
	info_free(&info);
}

/* Nothing of the channel is under way any more. */
static void
end_channel(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];
	int64_t soon = send->now + SEND_SYSTEM_RETRY;
	bool failed = count_left(send, job, channel) < 0;

	fd_close(own->fd);
	own->fd = -1;
	if (failed) {
		own->left = 1;
		own->retry = soon;
	}
	if (own->left == 0 && finish_channel(send, job, channel) < 0) {
		sendlog_trouble(&send->log, "unable to mark",
		    queue_path(QUEUE_INFO, job->number, send->split),
		    "; will try again later");
		own->left = 1;
		own->retry = soon;
	}
	if (own->left)
		tell_of_delay(send, job, channel);
	str_reset(&own->delays); /* the next pass adds them again */
	if (own->left && !own->is_scheduled && !own->is_damaged)
		life_wait_until(send, channel, job->number, own->retry);
}

void
life_settle(struct send *send, struct job *job, enum channel_id channel)
{
	struct job_channel *own = &job->channels[channel];
	bool waits = false, is_damaged = false;
	uint64_t number = job->number;

	if (job_channel_is_busy(own))
		return;
	if (own->fd != -1)
		end_channel(send, job, channel);
	if (job_is_busy(job))
		return;
	for (int i = 0; i < CHANNELS; i++) {
		waits |= job->channels[i].state == JOB_CHANNEL_WAITS;
		is_damaged |= job->channels[i].is_damaged;
	}
	if (!waits) {
		life_finish(send, job);
		return;
	}
	life_free_job(send, job);
	if (is_damaged)
		life_examine(send, number);
}
