/*
 * send_load.c - the queue at the start, and the clean-up.
 *
 * Nothing of info, local and remote was ever fsynced, so at a start each
 * message that waits is compared with its accepted envelope: qmail-clean links
 * intd to todo again, qmail-todo looks whether the files are whole and makes
 * them again if not.  Some at a time; new mail is not held up.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queue/path.h"
#include "sys/dir.h"
#include "sys/file.h"

#include "send.h"
#include "waiting.h"

#define LOAD_WINDOW    64    /* messages being examined at once */
#define SWEEP_INTERVAL 76431 /* seconds between two clean-ups */

/* Marks of those in send->loading; 0: not asked for yet. */
enum {
	IN_FLIGHT = 1,
	POSTPONED
};

static int
load_part(struct send *send, uint64_t part)
{
	struct dir dir;
	uint64_t number;
	int got;

	if (dir_open(&dir, queue_path_folder(QUEUE_INFO, part).s) < 0)
		return errno == ENOENT ? 0 : -1;
	while ((got = queue_folder_next(&dir, part, send->split, &number)) > 0)
		if (number_set_add(&send->loading, number))
			vec_push(&send->to_load, number);
	dir_close(&dir);
	return got;
}

int
load_begin(struct send *send)
{
	for (uint64_t part = 0; part < send->split; part++)
		if (load_part(send, part) < 0)
			return -1;
	send->sweep_part = 0;
	send->next_sweep = send->now;
	return 0;
}

void
load_step(struct send *send)
{
	while (send->next_to_load < send->to_load.len &&
	    send->loading_in_flight < LOAD_WINDOW) {
		uint64_t number = send->to_load.at[send->next_to_load++];

		if (!number_set_has(&send->loading, number))
			continue; /* qmail-todo came upon it by itself */
		number_set_set_mark(&send->loading, number, IN_FLIGHT);
		send->loading_in_flight++;
		job_order_clean(send, CLEAN_RESTORE, number);
	}
	if (send->next_to_load == send->to_load.len && send->to_load.len) {
		vec_free(&send->to_load);
		send->next_to_load = 0;
	}
}

bool
load_postpone(struct send *send, uint64_t number)
{
	if (!number_set_has(&send->loading, number))
		return false;
	if (number_set_mark(&send->loading, number) == IN_FLIGHT)
		send->loading_in_flight--;
	number_set_set_mark(&send->loading, number, POSTPONED);
	return true;
}

bool
load_forget(struct send *send, uint64_t number)
{
	if (!load_postpone(send, number))
		return false;
	number_set_remove(&send->loading, number);
	if (send->loading.len == 0) {
		number_set_free(&send->loading);
		send->loads_due = false;
	}
	return true;
}

/* Puts a waiting message into the heaps of its channels.
 *   is_due   to be tried now, whatever its files say */
static void
schedule(struct send *send, uint64_t number, bool is_due)
{
	bool waits = false;

	for (int id = 0; id < CHANNELS; id++) {
		struct queue_path path = queue_path(
		    (enum queue_folder)waiting_folder((enum channel_id)id),
		    number, send->split);
		int64_t when = send->now;
		struct stat st;

		if (stat(path.s, &st) < 0) {
			if (errno == ENOENT)
				continue;
		} else if (!is_due) {
			when = (int64_t)st.st_mtime;
		}
		waits = true;
		heap_add(&send->channels[id].waiting,
		    (struct heap_entry){ when, number });
	}
	if (!waits)
		heap_add(
		    &send->finishing, (struct heap_entry){ send->now, number });
}

void
load_settle(struct send *send, uint64_t number)
{
	bool is_due = send->loads_due;

	if (load_forget(send, number))
		schedule(send, number, is_due);
}

/* Whether it is finished, but could not be removed: its envelope may still be
 * there and must not bring it back. */
static bool
is_finished(const struct send *send, uint64_t number)
{
	for (size_t i = 0; i < send->clean_again.len; i++)
		if (send->clean_again.at[i].number == number)
			return true;
	return false;
}

/* Has those of one subfolder examined that nobody claims. */
static void
sweep_part(struct send *send, uint64_t part)
{
	struct dir dir;
	uint64_t number;
	int got;

	if (dir_open(&dir, queue_path_folder(QUEUE_MESS, part).s) < 0) {
		load_sweep_again(send);
		return;
	}
	while ((got = queue_folder_next(&dir, part, send->split, &number)) > 0)
		if (!job_find(send, number) &&
		    !job_is_there(
			queue_path(QUEUE_INFO, number, send->split)) &&
		    !job_is_there(
			queue_path(QUEUE_TODO, number, send->split)) &&
		    !is_finished(send, number))
			job_order_clean(send, CLEAN_EXAMINE, number);
	if (got < 0)
		load_sweep_again(send);
	dir_close(&dir);
}

void
load_sweep(struct send *send)
{
	if (send->exits_asap || send->now < send->next_sweep)
		return;
	job_release(send, true); /* or they would look like leftovers */
	sweep_part(send, send->sweep_part);
	if (++send->sweep_part < send->split)
		return;
	send->sweep_part = 0;
	send->next_sweep = send->now +
	    (send->sweeps_again ? SEND_SYSTEM_RETRY : SWEEP_INTERVAL);
	send->sweeps_again = false;
}

void
load_sweep_again(struct send *send)
{
	int64_t soon = send->now + SEND_SYSTEM_RETRY;

	if (send->next_sweep > soon)
		send->next_sweep = soon; /* none is under way */
	else
		send->sweeps_again = true;
}

int64_t
load_next_event(const struct send *send)
{
	return send->exits_asap ? INT64_MAX : send->next_sweep;
}
