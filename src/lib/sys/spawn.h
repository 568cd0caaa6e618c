/*
 * spawn.h - starting another program: vfork and exec with an explicit plan of
 * descriptors.  Everything else that is open closes on exec.
 */
#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"

/* The child gets parent's descriptor `from` as number `to`. */
struct spawn_fd {
	int from, to;
};

struct spawn_ids {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* NULL: only gid */
	size_t group_count;
};

#define SPAWN_FDS_MAX 8
#define SPAWN_FD_END  16  /* targets are below this */
#define SPAWN_FAILED  111 /* exit code of a child that became no program */

/* What the program gets of our signals, besides that caught ones are back at
 * their default. */
enum spawn_signals {
	SPAWN_SIGNALS_RESET,   /* SIGPIPE at its default, nothing blocked */
	SPAWN_SIGNALS_UNBLOCK, /* nothing blocked; we ignore none */
	SPAWN_SIGNALS_KEEP     /* the mask, and what is ignored, as they are */
};

struct spawn {
	const char *path;	     /* program; without slash: through PATH */
	char *const *argv;	     /* ends in NULL */
	char *const *envp;	     /* NULL: this process's environment */
	const char *folder;	     /* working folder; NULL: this one's */
	const struct spawn_ids *ids; /* NULL: stay who we are */
	enum spawn_signals signals;
	bool leads_group; /* it begins a process group; see spawn_end */
	/* Where the system can do that it gets SIGTERM when this process ends,
	 * however that is. */
	bool ends_with_us;
	size_t fd_count;		    /* at most SPAWN_FDS_MAX */
	struct spawn_fd fds[SPAWN_FDS_MAX]; /* targets all different */
};

/*
 * spawn_start: runs the program.
 * Returns its process id; -1 with errno of whatever failed, in the child too
 * (exec, ids, folder): then no child is left.
 */
MUST_CHECK pid_t spawn_start(const struct spawn *plan);

/*
 * spawn_become: this process, a child, becomes the program; for spawn_start and
 * spawn_start_apart.
 * Returns only on failure, with errno: whether its descriptors are in place.
 */
bool spawn_become(const struct spawn *plan);

/*
 * spawn_end_with_parent: this process, a child, gets SIGTERM when its parent ends, where
 * the system can do that; whether the parent is still there is to be asked after it.
 */
void spawn_end_with_parent(void);

/*
 * spawn_wait: waits for this child, whatever signals come.
 *   status   receives it as waitpid(2) gives it
 * Returns 0, -1 with errno.
 */
MUST_CHECK int spawn_wait(pid_t pid, int *status);

/*
 * spawn_exit_code: the exit code in a status of waitpid(2), or -1 if the
 * process was killed by a signal.
 */
int spawn_exit_code(int status);

/*
 * spawn_end: sends SIGTERM, or SIGKILL if is_final, to a program that leads
 * its group, and to the processes in that.
 *   pid   not reaped yet
 */
void spawn_end(pid_t pid, bool is_final);

/*
 * spawn_reap: collects one child that has ended, without waiting.
 * Returns its process id, 0 if none has ended, -1 if there are no children.
 */
pid_t spawn_reap(int *status);

#endif
