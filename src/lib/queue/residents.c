/*
 * residents.c - programs of a spawner that stay for a moment.
 * Input: hostile (what they say)
 */
#include "queue/residents.h"

#include <errno.h>
#include <sys/socket.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/spawn.h"

void
residents_let_go(struct resident *resident)
{
	fd_close(resident->jobs);
	fd_close(resident->done);
	resident->jobs = resident->done = -1;
}

int
residents_open(struct resident *resident, int theirs[2])
{
	int jobs[2], done[2];

	if (fd_pair(jobs) < 0)
		return -1;
	resident->jobs = jobs[0];
	theirs[0] = jobs[1];
	/* What it says comes by the pipe. */
	if (fd_pipe(done) == 0) {
		resident->done = done[0];
		theirs[1] = done[1];
		if (shutdown(jobs[0], SHUT_RD) == 0 &&
		    fd_set_nonblocking(jobs[0]) == 0 &&
		    fd_set_nonblocking(done[0]) == 0)
			return 0;
		fd_close(theirs[1]);
	}
	fd_close(theirs[0]);
	theirs[0] = theirs[1] = -1;
	residents_let_go(resident);
	return -1;
}

static void
remove_at(struct residents *residents, size_t at)
{
	for (size_t i = at + 1; i < residents->waiting.len; i++)
		residents->waiting.at[i - 1] = residents->waiting.at[i];
	residents->waiting.len--;
}

/* It does nothing that could be interrupted; its user may have stopped it. */
static void
end_waiting(struct residents *residents, size_t at)
{
	struct resident *resident = &residents->waiting.at[at];

	spawn_end(resident->pid, true);
	residents_let_go(resident);
	remove_at(residents, at);
}

bool
residents_take(struct residents *residents, uid_t uid, gid_t gid,
    struct span record, const int *fds, struct resident *taken)
{
	for (size_t i = residents->waiting.len; i-- > 0;) {
		const struct resident *one = &residents->waiting.at[i];

		if (one->uid != uid || one->gid != gid)
			continue;
		if (fdpass_send_all(one->jobs, record, fds, RESIDENTS_FDS) <
		    0) {
			end_waiting(residents, i);
			continue;
		}
		*taken = *one;
		taken->count++;
		remove_at(residents, i);
		return true;
	}
	return false;
}

int
residents_hear(struct resident *resident)
{
	char word[sizeof(RESIDENTS_DONE)];
	ssize_t got = fd_read(resident->done, word, sizeof(word));

	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got > 0 &&
	    span_equal(span_make(word, (size_t)got), SPAN(RESIDENTS_DONE)))
		return 1;
	residents_let_go(resident);
	return -1;
}

void
residents_keep(struct residents *residents, const struct resident *resident)
{
	vec_push(&residents->waiting, *resident);
	residents->waiting.at[residents->waiting.len - 1].waits_since =
	    clock_monotonic();
	if (resident->count >= RESIDENTS_JOBS)
		end_waiting(residents, residents->waiting.len - 1);
	else if (residents->waiting.len > RESIDENTS_MAX)
		end_waiting(residents, 0);
}

void
residents_end_some(struct residents *residents, bool all, int64_t *deadline)
{
	int64_t now = clock_monotonic(), end;

	while (residents->waiting.len) {
		end = residents->waiting.at[0].waits_since + RESIDENTS_MS;
		if (!all && end > now) {
			if (!*deadline || end < *deadline)
				*deadline = end;
			return;
		}
		end_waiting(residents, 0);
	}
}

bool
residents_bury(struct residents *residents, pid_t pid)
{
	for (size_t i = 0; i < residents->waiting.len; i++)
		if (residents->waiting.at[i].pid == pid) {
			residents_let_go(&residents->waiting.at[i]);
			remove_at(residents, i);
			return true;
		}
	return false;
}
