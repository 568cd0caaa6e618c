/* workers.c - processes that serve at one door. */
#include "workers.h"

#include <errno.h>
#include <unistd.h>

#include "base/span.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/shared.h"
#include "sys/spawn.h"

#define PAUSE_MS 1000

enum worker_state {
	ABSENT,
	WAITING,
	SERVING
};

int
workers_init(struct workers *workers)
{
	*workers = (struct workers){ .parent = getpid() };
	workers->table = shared_make(WORKERS * sizeof(*workers->table));
	return !workers->table || fd_pipe(workers->wanted) < 0 ||
		fd_set_nonblocking(workers->wanted[0]) < 0 ||
		fd_set_nonblocking(workers->wanted[1]) < 0
	    ? -1
	    : 0;
}

/* How many are in this state; of those that serve, only the guests of one user,
 * unless uid is NULL. */
static uint32_t
count(const struct workers *workers, enum worker_state state, const uid_t *uid)
{
	uint32_t found = 0;

	for (size_t i = 0; i < WORKERS; i++)
		found += workers->table[i].state == (uint32_t)state &&
		    (!uid || workers->table[i].uid == *uid);
	return found;
}

bool
workers_bury(struct workers *workers)
{
	int status;
	pid_t pid;

	while ((pid = spawn_reap(&status)) > 0)
		for (size_t i = 0; i < WORKERS; i++) {
			struct worker *worker = &workers->table[i];

			if (worker->state == ABSENT || worker->pid != pid)
				continue;
			if (worker->state == WAITING && status != 0)
				workers->pause_end =
				    clock_monotonic() + PAUSE_MS;
			worker->state = ABSENT;
		}
	return count(workers, ABSENT, NULL) < WORKERS;
}

static struct worker *
find_absent(struct workers *workers)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (workers->table[i].state == ABSENT)
			return &workers->table[i];
	return NULL;
}

static void
start(struct workers *workers, int (*run)(struct workers *workers, int door),
    int door)
{
	struct worker *worker = find_absent(workers);
	pid_t pid;

	if (!worker)
		return;
	worker->state = WAITING;
	pid = fork();
	if (pid == 0) {
		spawn_end_with_parent();
		workers->own = worker;
		fd_close(workers->wanted[0]);
		/* It may have died before. */
		_exit(getppid() == workers->parent ? run(workers, door) : 0);
	}
	if (pid > 0) {
		worker->pid = pid;
		return;
	}
	error_warn("qmail-queued", "fork");
	worker->state = ABSENT;
	workers->pause_end = clock_monotonic() + PAUSE_MS;
}

bool
workers_keep(struct workers *workers,
    int (*run)(struct workers *workers, int door), int door)
{
	char bytes[64];

	while (fd_read(workers->wanted[0], bytes, sizeof(bytes)) > 0)
		continue;
	(void)workers_bury(workers);
	if (workers->pause_end && clock_monotonic() >= workers->pause_end)
		workers->pause_end = 0;
	if (!workers->pause_end && count(workers, WAITING, NULL) == 0)
		start(workers, run, door);
	return !workers->pause_end || count(workers, WAITING, NULL) > 0;
}

bool
workers_wait_for_guest(struct workers *workers)
{
	workers->own->state = WAITING;
	return count(workers, WAITING, NULL) > 1;
}

bool
workers_have_guest(struct workers *workers, uid_t uid, bool is_privileged)
{
	workers->own->uid = uid;
	workers->own->state = SERVING;
	if (count(workers, WAITING, NULL) == 0)
		/* A full pipe has been heard. */
		(void)!fd_write(workers->wanted[1], SPAN("w"));
	return count(workers, SERVING, NULL) <= WORKERS_GUESTS &&
	    (is_privileged || count(workers, SERVING, &uid) <= WORKERS_SHARE);
}
