/* box.c - what a process takes away from itself. */
#include "sys/box.h"

#include <sys/resource.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

static int
limit(int resource, rlim_t most)
{
	return setrlimit(
	    resource, &(struct rlimit){ .rlim_cur = most, .rlim_max = most });
}

int
box_hide(void)
{
	return limit(RLIMIT_CORE, 0);
}

int
box_shut_files(void)
{
#ifdef PR_SET_NO_NEW_PRIVS
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
#endif
	return box_hide() < 0 || limit(RLIMIT_NPROC, 0) < 0 ? -1 : 0;
}

int
box_shut_streams(unsigned count)
{
	if (box_shut_files() < 0)
		return -1;
#ifdef PR_SET_DUMPABLE
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
#endif
	/* poll may not be asked for more than that many, either. */
	return limit(RLIMIT_NOFILE, count) < 0 || limit(RLIMIT_FSIZE, 0) < 0
	    ? -1
	    : 0;
}
