/* times.c - the clock, and when something is to be done. */
#include "times.h"

#include <errno.h>

#include "sys/clock.h"
#include "sys/file.h"

#include "schedule.h"
#include "slots.h"

#define CLOCK_STEP  5000  /* milliseconds that are a step, not a drift */
#define CLOCK_DRIFT 1000  /* one part of the time in so many */
#define WAIT_MAX    86400 /* seconds */

/* Whether a message is at work at its recipients, and in no heap: those who
 * wait for a hop would have no other turn before its next try. */
static bool
is_at_work(void *context, uint64_t number)
{
	const struct send *send = context;
	const struct job *job = job_find(&send->jobs, number);

	return job && job->state == JOB_ACTIVE &&
	    job->channels[CHANNEL_REMOTE].fd != -1 &&
	    !job->channels[CHANNEL_REMOTE].is_scheduled;
}

void
times_make_all_due(struct send *send)
{
	send->loading.are_due = true;
	for (int i = 0; i < CHANNELS; i++) {
		heap_set_all(&send->channels[i].waiting, send->now);
		schedule_unblock(&send->channels[i]);
	}
	hops_forget_troubles(&send->hops);
	hops_forget_blocked(&send->hops, is_at_work, send);
}

/*
 * The clock was set.  Times in the heaps would be far away, or messages old
 * that are not.  Set back: all is due, once, as after ALRM.  Set forward: what
 * came before is not older for it, so that it is never the last try.
 */
static void
heed_step(struct send *send, int64_t step)
{
	sendlog_z(&send->log,
	    step < 0 ? "warning: the clock was set back by "
		     : "warning: the clock was set forward by ");
	sendlog_u64(&send->log, (uint64_t)((step < 0 ? -step : step) / 1000));
	sendlog_line(&send->log, " seconds");
	steps_note(&send->steps, step / 1000, send->now);
	if (step < 0) {
		times_make_all_due(send);
		send->sweep.next = send->now;
	}
}

void
times_look(struct send *send)
{
	int64_t before = send->monotonic, step, most;
	int64_t wall = (int64_t)(clock_microseconds() / 1000);

	send->monotonic = clock_monotonic();
	send->now = wall / 1000;
	step = wall - send->monotonic - send->clock_offset;
	most = CLOCK_STEP + (send->monotonic - before) / CLOCK_DRIFT;
	send->clock_offset += step;
	if (before && (step > most || -step > most))
		heed_step(send, step);
}

int64_t
times_to_wait(const struct send *send)
{
	int64_t next = slots_next_event(send), wait = -1, other;

	if (!send->exits_asap && send->sweep.next < next)
		next = send->sweep.next;
	if (next <= send->now)
		return 0;
	if (next != INT64_MAX)
		wait = (next - send->now < WAIT_MAX ? next - send->now
						    : WAIT_MAX) *
		    1000;
	/* Amid a round of tries it is the scribe who has to get on. */
	other = send->next_again < send->again_end
	    ? INT64_MAX
	    : trouble_next(&send->trouble);
	if (send->exits_asap && send->stop_at < other)
		other = send->stop_at;
	if (other != INT64_MAX) {
		other = other > send->monotonic ? other - send->monotonic : 0;
		if (wait < 0 || other < wait)
			wait = other;
	}
	if (send->cleaning.finished.len &&
	    (wait < 0 || wait > CLEANING_HOLD_MS))
		wait = CLEANING_HOLD_MS;
	return wait;
}

static void
store(struct send *send, enum channel_id channel, uint64_t number, int64_t when)
{
	struct queue_path path = channel_path(channel, number, send->split);

	if (file_set_time(path.s, when) < 0 && errno != ENOENT)
		sendlog_trouble(&send->log, "unable to set the time of", path,
		    "; will try at the next start");
}

void
times_store(struct send *send)
{
	struct backlog_entry entry;

	for (int i = 0; i < CHANNELS; i++) {
		const struct heap *waiting = &send->channels[i].waiting;

		for (size_t j = 0; j < waiting->entries.len; j++)
			store(send, (enum channel_id)i,
			    waiting->entries.at[j].number,
			    waiting->entries.at[j].when);
	}
	/* Those that waited for a hop have not had their try. */
	while (hops_take_any(&send->hops, &entry))
		store(send, CHANNEL_REMOTE, entry.number, send->now);
}
