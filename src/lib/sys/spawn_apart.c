/* spawn_apart.c - starting a program for a stranger. */
#include "sys/spawn_apart.h"

#include <unistd.h>

#include "base/span.h"
#include "sys/fd.h"

pid_t
spawn_start_apart(const struct spawn *plan, const char *regret)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* The exit code tells in any case. */
		if (spawn_become(plan))
			(void)!fd_write_all(1, span_of(regret));
		_exit(SPAWN_APART_FAILED);
	}
	/* For spawn_end, which may be faster than the child. */
	if (pid > 0 && plan->leads_group)
		(void)setpgid(pid, pid);
	return pid;
}
