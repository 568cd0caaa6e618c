/* spawn.c - starting another program. */
#include "sys/spawn.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/must.h"
#include "sys/fd.h"
#include "sys/ids.h"

extern char **environ;

/* Whether another entry of the plan puts something onto this number. */
static bool
is_target_of_other(const struct spawn *plan, size_t own)
{
	for (size_t i = 0; i < plan->fd_count; i++)
		if (i != own && plan->fds[i].to == plan->fds[own].from)
			return true;
	return false;
}

/*
 * The descriptors of the child.  A source that is itself a target is copied
 * out of the way first.
 */
static int
arrange_fds(const struct spawn *plan)
{
	int from[SPAWN_FDS_MAX];

	must(plan->fd_count <= SPAWN_FDS_MAX);
	for (size_t i = 0; i < plan->fd_count; i++)
		must(plan->fds[i].to < SPAWN_FD_END);
	for (size_t i = 0; i < plan->fd_count; i++) {
		from[i] = plan->fds[i].from;
		if ((from[i] == plan->fds[i].to ||
			is_target_of_other(plan, i)) &&
		    (from[i] = fd_duplicate_above(from[i], SPAWN_FD_END)) < 0)
			return -1;
	}
	for (size_t i = 0; i < plan->fd_count; i++)
		if (dup2(from[i], plan->fds[i].to) < 0)
			return -1;
	return 0;
}

/* A change of id would forget this, exec does not. */
void
spawn_end_with_parent(void)
{
#ifdef PR_SET_PDEATHSIG
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
#endif
}

bool
spawn_become(const struct spawn *plan)
{
	const struct spawn_ids *ids = plan->ids;
	sigset_t none;

	if (arrange_fds(plan) < 0)
		return false;
	if (plan->leads_group && setpgid(0, 0) < 0)
		return true;
	if (ids &&
	    ids_become(ids->uid, ids->gid,
		ids->groups ? ids->groups : &ids->gid,
		ids->groups ? ids->group_count : 1) < 0)
		return true;
	if (plan->ends_with_us)
		spawn_end_with_parent();
	if (plan->folder && chdir(plan->folder) < 0)
		return true;
	(void)sigemptyset(&none);
	if (plan->signals == SPAWN_SIGNALS_RESET)
		(void)signal(SIGPIPE, SIG_DFL); /* exec keeps what is ignored */
	if (plan->signals != SPAWN_SIGNALS_KEEP)
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execvpe(
	    plan->path, plan->argv, plan->envp ? plan->envp : environ);
	return true;
}

pid_t
spawn_start(const struct spawn *plan)
{
	volatile int child_errno =
	    0; /* vfork: the child writes to our memory */
	pid_t pid;

	/*
	 * The child shares our memory until exec; a handler that ran in it
	 * would only set the flag it sets here.
	 */
	pid = vfork();
	if (pid == 0) {
		(void)spawn_become(plan); /* errno tells all */
		child_errno = errno;
		_exit(SPAWN_FAILED);
	}
	if (pid < 0)
		child_errno = errno;
	if (pid > 0 && child_errno) {
		(void)waitpid(pid, NULL, 0); /* it has ended already */
		pid = -1;
	}
	errno = child_errno;
	return pid;
}

int
spawn_wait(pid_t pid, int *status)
{
	pid_t got;

	do
		got = waitpid(pid, status, 0);
	while (got < 0 && errno == EINTR);
	return got == pid ? 0 : -1;
}

int
spawn_exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
spawn_end(pid_t pid, bool is_final)
{
	must(pid > 1);
	(void)kill(-pid, is_final ? SIGKILL : SIGTERM); /* or it has ended */
}

pid_t
spawn_reap(int *status)
{
	pid_t got;

	do
		got = waitpid(-1, status, WNOHANG);
	while (got < 0 && errno == EINTR);
	return got;
}
