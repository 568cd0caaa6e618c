/*
 * life_straight.c - messages that go straight from todo, without files.
 * Input: from peers of ours; texts of reports: hostile
 */
#include "life.h"

#include "queue/clean.h"
#include "queue/retry.h"

#include "nexthop.h"
#include "sorted.h"

void
life_begin_straight(
    struct send *send, struct job *job, const struct event *event)
{
	life_log_arrival(send, event);
	(void)loading_settle(&send->loading, event->number);
	job = job_new(&send->jobs, event->number);
	job->is_straight = true;
	job->birth = (int64_t)event->birth;
	job->since = send->monotonic;
	job->channel = event->channel;
	str_set(&job->sender, event->sender);
	if (!event->has_recipient) {
		life_finish(send, job);
		return;
	}
	str_set(&job->parameters, event->parameters);
	str_set(&job->recipient, event->recipient);
	str_set(&job->wishes, event->wishes);
	job->state = JOB_IN_LINE;
	if (job->channel == CHANNEL_REMOTE)
		job->hop = nexthop_of(send, str_span(&job->recipient));
	job_line_join(&send->channels[job->channel].in_line, job);
}

void
life_park(struct send *send, struct job *job, int64_t retry)
{
	life_release_hop(send, job);
	job->state = JOB_PARKING;
	job->channels[job->channel].retry = retry;
	send->parking++;
	arrivals_tell(&send->arrivals, SORTED_PARK, job->number);
}

void
life_parked(struct send *send, struct job *job, const struct event *event)
{
	int64_t retry = job->channels[job->channel].retry;

	/* Its hop still has its number. */
	if (job->is_blocked)
		retry =
		    retry_next(life_birth(send, job), send->now, job->channel);

	send->parking--;
	life_free_job(send, job);
	cleaning_order(&send->cleaning, CLEAN_SORTED, event->number);
	if (!retry)
		life_line_up(send, event);
	/* After HUP its channel may be the other one. */
	for (int i = 0; retry && i < CHANNELS; i++)
		if (event->counts[i])
			life_wait_until(
			    send, (enum channel_id)i, event->number, retry);
}

void
life_not_parked(struct send *send, struct job *job, const struct event *event)
{
	send->parking--;
	life_free_job(send, job);
	life_broken(send, NULL, event);
}

void
life_kept(struct send *send, struct job *job, const struct event *event)
{
	(void)event;
	send->parking--;
	life_free_job(send, job);
}

/* Tried again for as long as qmail-send may take to end: until then it is waited for. */
void
life_not_kept(struct send *send, struct job *job, const struct event *event)
{
	life_broken(send, NULL, event);
	life_try_again(send, AGAIN_MESSAGE, job->number);
}

void
life_keep_again(struct send *send, struct job *job, const struct event *event)
{
	(void)event;
	arrivals_tell(&send->arrivals, SORTED_PARK_DONE, job->number);
}

void
life_straight_done(
    struct send *send, struct job *job, const struct event *event)
{
	(void)event;
	life_finish(send, job);
}

void
life_straight_failed(
    struct send *send, struct job *job, const struct event *event)
{
	life_add_failure(send, event, &job->failure);
	life_finish(send, job);
}

void
life_straight_deferred(
    struct send *send, struct job *job, const struct event *event)
{
	(void)event;
	life_park(send, job, job->channels[job->channel].retry);
}
