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
box_shut(enum box box)
{
#ifdef PR_SET_NO_NEW_PRIVS
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
#endif
	if (box_hide() < 0 || limit(RLIMIT_NPROC, 0) < 0)
		return -1;
	if (box == BOX_FILES)
		return 0;
#ifdef PR_SET_DUMPABLE
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
#endif
	/* With 1, and 0 open, no descriptor is free; poll may ask for one. */
	return limit(RLIMIT_NOFILE, 1) < 0 || limit(RLIMIT_FSIZE, 0) < 0 ? -1
									 : 0;
}
