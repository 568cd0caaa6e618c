/* loading.c - the queue at the start, and the clean-up. */
#include "loading.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "queue/clean.h"
#include "queue/path.h"
#include "queue/replace.h"
#include "queue/state.h"
#include "sys/dir.h"

/* Marks of those in loading->set; 0: not asked for yet. */
enum {
	IN_FLIGHT = 1,
	POSTPONED
};

static int
load_part(struct loading *loading, uint64_t part, uint64_t split)
{
	struct dir dir;
	uint64_t number;
	int got;

	if (dir_open(&dir, queue_path_folder(QUEUE_INFO, part).s) < 0)
		return errno == ENOENT ? 0 : -1;
	while ((got = queue_folder_next(&dir, part, split, &number)) > 0)
		if (number_set_add(&loading->set, number))
			vec_push(&loading->numbers, number);
	dir_close(&dir);
	return got;
}

int
loading_begin(struct loading *loading, uint64_t split)
{
	for (uint64_t part = 0; part < split; part++)
		if (load_part(loading, part, split) < 0)
			return -1;
	return 0;
}

void
loading_step(struct loading *loading, struct cleaning *cleaning)
{
	while (loading->next < loading->numbers.len &&
	    loading->in_flight < LOADING_WINDOW) {
		uint64_t number = loading->numbers.at[loading->next++];

		if (!number_set_has(&loading->set, number))
			continue; /* qmail-todo came upon it by itself */
		number_set_set_mark(&loading->set, number, IN_FLIGHT);
		loading->in_flight++;
		cleaning_order(cleaning, CLEAN_RESTORE, number);
	}
	if (loading->next == loading->numbers.len && loading->numbers.len) {
		vec_free(&loading->numbers);
		loading->next = 0;
	}
}

void
loading_add(struct loading *loading, uint64_t number)
{
	if (!number_set_add(&loading->set, number))
		return;
	(void)number_set_add(&loading->added, number);
	vec_push(&loading->numbers, number);
}

bool
loading_is_from_start(const struct loading *loading, uint64_t number)
{
	return number_set_has(&loading->set, number) &&
	    !number_set_has(&loading->added, number);
}

bool
loading_has(const struct loading *loading, uint64_t number)
{
	return number_set_has(&loading->set, number);
}

bool
loading_postpone(struct loading *loading, uint64_t number)
{
	if (!number_set_has(&loading->set, number))
		return false;
	if (number_set_mark(&loading->set, number) == IN_FLIGHT)
		loading->in_flight--;
	number_set_set_mark(&loading->set, number, POSTPONED);
	return true;
}

bool
loading_settle(struct loading *loading, uint64_t number)
{
	if (!loading_postpone(loading, number))
		return false;
	number_set_remove(&loading->set, number);
	number_set_remove(&loading->added, number);
	if (loading->set.len == 0)
		number_set_free(&loading->set);
	return true;
}

/* ---- the clean-up ---- */

/* Has those of one subfolder examined that nobody claims.  Returns 0, -1. */
static int
examine_texts(uint64_t part, uint64_t split, const struct jobs *jobs,
    struct cleaning *cleaning)
{
	struct dir dir;
	uint64_t number;
	int got;

	if (dir_open(&dir, queue_path_folder(QUEUE_MESS, part).s) < 0)
		return -1;
	while ((got = queue_folder_next(&dir, part, split, &number)) > 0)
		/* Only a plain no is a no. */
		if (!job_find(jobs, number) &&
		    message_file_exists(
			queue_path(QUEUE_INFO, number, split)) == 0 &&
		    message_file_exists(
			queue_path(QUEUE_TODO, number, split)) == 0)
			cleaning_order(cleaning, CLEAN_EXAMINE, number);
	dir_close(&dir);
	return got;
}

bool
sweep_is_orphan(
    enum queue_folder folder, uint64_t number, uint64_t split, int64_t now)
{
	struct stat st;

	return message_file_exists(queue_path(QUEUE_MESS, number, split)) ==
	    0 &&
	    lstat(queue_path(folder, number, split).s, &st) == 0 &&
	    now - (int64_t)st.st_mtime >= SWEEP_ORPHAN_AGE;
}

static int
find_orphans(struct sweep *sweep, enum queue_folder folder, uint64_t split,
    int64_t now, const struct jobs *jobs, const struct loading *loading)
{
	struct dir dir;
	uint64_t number;
	int got;

	if (dir_open(&dir, queue_path_folder(folder, sweep->part).s) < 0)
		return errno == ENOENT ? 0 : -1;
	while ((got = queue_folder_next(&dir, sweep->part, split, &number)) > 0)
		if (!job_find(jobs, number) && !loading_has(loading, number) &&
		    sweep_is_orphan(folder, number, split, now))
			vec_push(&sweep->orphans, number);
	dir_close(&dir);
	return got;
}

void
sweep_step(struct sweep *sweep, uint64_t split, int64_t now,
    const struct jobs *jobs, const struct loading *loading,
    struct cleaning *cleaning)
{
	static const enum queue_folder ours[] = { QUEUE_INFO, QUEUE_LOCAL,
		QUEUE_REMOTE, QUEUE_BOUNCE };

	if (now < sweep->next)
		return;
	cleaning_release(cleaning, true); /* or they look like leftovers */
	if (examine_texts(sweep->part, split, jobs, cleaning) < 0)
		sweep_again(sweep, now);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (find_orphans(sweep, ours[i], split, now, jobs, loading) <
			0 ||
		    replace_sweep(ours[i], sweep->part, split,
			now - SWEEP_ORPHAN_AGE) < 0)
			sweep_again(sweep, now);
	cleaning_order(cleaning, CLEAN_SWEEP, sweep->part + 1);
	if (++sweep->part < split)
		return;
	sweep->part = 0;
	sweep->next = now + (sweep->is_again ? SWEEP_AGAIN : SWEEP_INTERVAL);
	sweep->is_again = false;
}

void
sweep_again(struct sweep *sweep, int64_t now)
{
	if (sweep->next > now + SWEEP_AGAIN)
		sweep->next = now + SWEEP_AGAIN; /* none is under way */
	else
		sweep->is_again = true;
}
