/*
 * life_wait.c - messages that wait: into the heaps and lines.
 * Input: from peers of ours; texts of reports: hostile
 */
#include "life.h"

#include <errno.h>
#include <sys/stat.h>

#include "queue/clean.h"
#include "queue/state.h"

#include "sorted.h"

/* Whether the message is in the heap or the backlog of a channel; looks at all
 * of them. */
static bool
is_scheduled(const struct send *send, enum channel_id id, uint64_t number)
{
	return heap_has(&send->channels[id].waiting, number) ||
	    backlog_has(&send->channels[id].fresh, number);
}

/* The next try as a clean end wrote it; now if that cannot be told, or all has
 * become due since. */
static int64_t
stored_time(const struct send *send, enum channel_id channel, uint64_t number)
{
	struct stat st;

	return !send->loading.are_due &&
		stat(channel_path(channel, number, send->split).s, &st) == 0
	    ? (int64_t)st.st_mtime
	    : send->now;
}

/* ---- from the files alone ---- */

/* Counts who is to do in each channel that has a file; -1 with errno. */
static int
count_open(struct send *send, const struct job *job, uint64_t open[CHANNELS])
{
	uint64_t total;

	for (int i = 0; i < CHANNELS; i++) {
		open[i] = 0;
		if (job->channels[i].state == JOB_CHANNEL_WAITS &&
		    channel_count((enum channel_id)i, job->number, send->split,
			&total, &open[i]) < 0)
			return -1;
	}
	return 0;
}

/* What is damaged is compared with its envelope.  Without one nothing makes it
 * better: it is no trouble that may be over soon, and what is left of a message
 * that a power cut met at its end goes when it is old. */
static void
cannot_read(struct send *send, const struct event *event, const char *what)
{
	struct queue_path path =
	    queue_path(QUEUE_INFO, event->number, send->split);

	if (errno != EBADMSG && errno != ELOOP) {
		sendlog_trouble(
		    &send->log, what, path, "; will try again later");
		life_try_again(send, AGAIN_MESSAGE, event->number);
	} else if (event->kind == EVENT_NOT_RESTORED) {
		sendlog_trouble(&send->log, "damaged:", path,
		    "; there is no envelope to compare it with");
	} else {
		sendlog_trouble(&send->log, "damaged:", path,
		    "; it is compared with its envelope");
		life_examine(send, event->number);
	}
}

/* A channel whose recipients are all done waits with the other one: the pass
 * that finds nobody to do finishes it.  Else the end of the other, which sees
 * that it has a file, would not be that of the message. */
static void
wait_again(
    struct send *send, const struct job *job, const uint64_t open[CHANNELS])
{
	for (int i = 0; i < CHANNELS; i++) {
		enum channel_id id = (enum channel_id)i;

		if (job->channels[i].state == JOB_CHANNEL_WAITS &&
		    !is_scheduled(send, id, job->number))
			life_wait_until(send, id, job->number,
			    open[i] ? stored_time(send, id, job->number)
				    : send->now);
	}
}

void
life_resume(struct send *send, struct job *job, const struct event *event)
{
	uint64_t number = event->number, open[CHANNELS];

	if (job_load(&send->jobs, number, send->split, &job) < 0) {
		if (errno != ENOENT) /* else it is gone, or sorted later */
			cannot_read(send, event, "unable to read");
		return;
	}
	if (count_open(send, job, open) < 0) {
		cannot_read(send, event, "unable to read the recipients of");
		life_free_job(send, job);
		return;
	}
	if (open[CHANNEL_LOCAL] || open[CHANNEL_REMOTE]) {
		wait_again(send, job, open);
		life_free_job(send, job);
		return;
	}
	for (int i = 0; i < CHANNELS; i++)
		job->channels[i].state = JOB_CHANNEL_NONE;
	life_finish(send, job);
}

/* ---- from qmail-todo ---- */

void
life_line_up(struct send *send, const struct event *event)
{
	bool waits = false;

	for (int i = 0; i < CHANNELS; i++) {
		if (event->counts[i] == 0)
			continue;
		waits = true;
		backlog_add(&send->channels[i].fresh,
		    backlog_entry(event->number, 0, BACKLOG_TO_END));
	}
	if (!waits)
		life_resume(send, NULL, event);
}

void
life_admit(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	life_log_arrival(send, event);
	(void)loading_settle(&send->loading, event->number);
	cleaning_order(&send->cleaning, CLEAN_SORTED, event->number);
	life_line_up(send, event);
}

/* A message that waits is in a heap already if qmail-todo came upon it without
 * having been asked. */
static void
schedule(struct send *send, const struct event *event, bool is_due)
{
	bool is_new = loading_is_from_start(&send->loading, event->number);
	bool waits = false;

	(void)loading_settle(&send->loading, event->number);
	for (int i = 0; i < CHANNELS; i++) {
		enum channel_id id = (enum channel_id)i;

		if (event->counts[i] == 0)
			continue;
		waits = true;
		if (is_new || !is_scheduled(send, id, event->number))
			life_wait_until(send, id, event->number,
			    is_due ? send->now
				   : stored_time(send, id, event->number));
	}
	if (!waits)
		life_resume(send, NULL, event);
}

void
life_admit_again(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	life_log_arrival(send, event);
	cleaning_order(&send->cleaning, CLEAN_SORTED, event->number);
	schedule(send, event, true);
}

void
life_admit_whole(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	cleaning_order(&send->cleaning, CLEAN_SORTED, event->number);
	schedule(send, event, false);
}

void
life_examine(struct send *send, uint64_t number)
{
	loading_add(&send->loading, number);
}

/* ---- what qmail-clean did for us ---- */

void
life_sorted(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	arrivals_tell_gone(&send->arrivals, event->number);
	/* If it is to be examined, this was the old file, which could not go
	 * before: qmail-todo had seen it, and would not look at it again. */
	if (loading_has(&send->loading, event->number))
		cleaning_order(&send->cleaning, CLEAN_RESTORE, event->number);
}

void
life_not_sorted(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	sendlog_trouble(&send->log, "qmail-clean unable to clean up",
	    queue_path(QUEUE_TODO, event->number, send->split),
	    "; will try again later");
	life_try_again(send, AGAIN_SORTED, event->number);
}

void
life_restored(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	arrivals_tell(&send->arrivals, SORTED_LOOK, event->number);
}

/* Without a whole envelope the files are all that is known of the message. */
void
life_not_restored(struct send *send, struct job *job, const struct event *event)
{
	if (!loading_settle(&send->loading, event->number) || job)
		return;
	if (sweep_is_orphan(QUEUE_INFO, event->number, send->split, send->now))
		life_give_up(send, event->number);
	else
		life_resume(send, NULL, event);
}

/* Without its envelope nobody knows whether the files of a waiting message are
 * whole: it must not be touched before. */
void
life_cannot_restore(
    struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	if (!loading_postpone(&send->loading, event->number))
		return; /* qmail-todo came upon it by itself */
	sendlog_trouble(&send->log, "qmail-clean unable to examine",
	    queue_path(QUEUE_MESS, event->number, send->split),
	    "; will try again later");
	life_try_again(send, AGAIN_RESTORE, event->number);
}

void
life_examined(struct send *send, struct job *job, const struct event *event)
{
	(void)send;
	(void)job;
	(void)event;
}

void
life_cannot_examine(
    struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	(void)event;
	sweep_again(&send->sweep, send->now);
}

static void
log_text(struct send *send, const char *what, const struct event *event)
{
	sendlog_z(&send->log, what);
	str_add(&send->log.text, event->text);
	sendlog_end(&send->log);
}

void
life_alert(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	log_text(send, "alert: ", event);
}

/* qmail-todo looks at it again later.  Until then its files may be anything,
 * even missing, which must not look like finished. */
void
life_broken(struct send *send, struct job *job, const struct event *event)
{
	(void)job;
	log_text(send, "warning: ", event);
	(void)loading_postpone(&send->loading, event->number);
}
