/*
 * life_end.c - the end of a message: its bounce and its removal.
 * Input: from peers of ours; texts of reports: hostile
 */
#include "life.h"

#include <errno.h>
#include <unistd.h>

#include "mail/bounce.h"
#include "queue/state.h"

#include "sorted.h"

/* All recipients are done: a bounce if need be, then it goes.  The files stay
 * until then, for they say that all is done. */
void
life_finish(struct send *send, struct job *job)
{
	struct queue_path bounce =
	    queue_path(QUEUE_BOUNCE, job->number, send->split);
	int bounces = job->failure.len > 0;

	/* What failed before is done: of its next try there is nothing left. */
	job->is_again = false;
	life_release_hop(send, job);
	if (!job->is_straight && !job->is_bounced)
		bounces = message_file_exists(bounce);
	if (bounces > 0 && job->order == INFO_ORDER_DELETE) {
		sendlog_message(
		    &send->log, "deleted: discarding bounce/", job->number, "");
		bounces = 0;
	}
	if (bounces > 0 &&
	    bounce_kind_of(str_span(&job->sender)) == BOUNCE_TRIPLE) {
		sendlog_message(&send->log, "triple bounce: discarding bounce/",
		    job->number, "");
		bounces = 0;
	}
	if (bounces > 0) {
		job->state = JOB_BOUNCING;
		life_bounce(send, job, NULL);
	} else if (bounces == 0) {
		life_remove(send, job, NULL);
	} else {
		sendlog_trouble(&send->log, "trouble looking for", bounce,
		    "; will try again later");
		life_try_again(send, AGAIN_MESSAGE, job->number);
		life_free_job(send, job);
	}
}

void
life_bounce(struct send *send, struct job *job, const struct event *event)
{
	(void)event;
	scribing_inject(&send->scribing, job, str_span(&job->failure));
}

void
life_bounce_queued(
    struct send *send, struct job *job, const struct event *event)
{
	life_log_queued(send, "bounce msg ", event);
	job->is_bounced = true;
	life_remove(send, job, NULL);
}

void
life_bounce_not_queued(
    struct send *send, struct job *job, const struct event *event)
{
	(void)event;
	sendlog_line(&send->log,
	    "warning: trouble injecting bounce message, will try later");
	life_try_again(send, AGAIN_MESSAGE, job->number);
	if (!job->is_straight)
		life_free_job(send, job); /* its files tell all */
}

/* Once qmail-clean is gone, nothing but files of its own can tell the next qmail-send
 * that the message is done. */
void
life_keep(struct send *send, struct job *job)
{
	job->state = JOB_KEEPING;
	send->parking++;
	arrivals_tell(&send->arrivals, SORTED_PARK_DONE, job->number);
}

void
life_keep_finished(struct send *send)
{
	uint64_t number;

	for (size_t i = 0; cleaning_unfinished(&send->cleaning, &i, &number);) {
		struct job *job = job_find(&send->jobs, number);

		if (job && job->is_straight)
			life_keep(send, job);
	}
}

void
life_remove(struct send *send, struct job *job, const struct event *event)
{
	(void)event;
	job->state = JOB_REMOVING;
	if (job->is_straight && send->cleaning.link.fd == -1)
		life_keep(send, job);
	else
		cleaning_finish(&send->cleaning, job->number);
}

void
life_not_removed(struct send *send, struct job *job, const struct event *event)
{
	(void)event;
	sendlog_trouble(&send->log, "qmail-clean unable to clean up",
	    queue_path(QUEUE_MESS, job->number, send->split),
	    "; will try again later");
	life_try_again(send, AGAIN_MESSAGE, job->number);
}

int
life_unlink_files(
    const struct send *send, uint64_t number, struct queue_path *culprit)
{
	static const enum queue_folder folders[] = { QUEUE_LOCAL, QUEUE_REMOTE,
		QUEUE_BOUNCE, QUEUE_INFO };

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		*culprit = queue_path(folders[i], number, send->split);
		if (unlink(culprit->s) < 0 && errno != ENOENT)
			return -1;
	}
	return 0;
}

/* The accepted envelope is gone, so nothing can bring the message back. */
void
life_removed(struct send *send, struct job *job, const struct event *event)
{
	uint64_t number = event->number;
	struct queue_path culprit;

	arrivals_tell_gone(&send->arrivals, number);
	if (!job->is_straight &&
	    life_unlink_files(send, number, &culprit) < 0) {
		sendlog_trouble(&send->log, "unable to unlink", culprit,
		    "; will try again later");
		life_try_again(send, AGAIN_MESSAGE, number);
		life_free_job(send, job);
		return;
	}
	sendlog_message(&send->log, "end msg ", number, "");
	life_free_job(send, job);
}
