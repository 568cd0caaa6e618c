/* ids_test.c - giving up rights, for good. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/ids.h"

#define SOME_ID 64123

/* Runs in a child; returns what it found as an exit code. */
static int
in_child(int (*work)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(work());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
drop(void)
{
	const gid_t groups[] = { SOME_ID, SOME_ID + 1 };
	gid_t found[8];

	if (ids_become(SOME_ID, SOME_ID, groups, 2) < 0)
		return 1;
	if (getuid() != SOME_ID || geteuid() != SOME_ID ||
	    getgid() != SOME_ID || getegid() != SOME_ID)
		return 2;
	if (getgroups(8, found) != 2)
		return 3;
	if (setuid(0) == 0 || setgid(0) == 0)
		return 4; /* there is a way back */
	return 0;
}

static int
stay(void)
{
	const gid_t groups[] = { SOME_ID };

	if (drop() != 0)
		return 1;
	/* A private instance: we are who we shall be. */
	if (ids_become(SOME_ID, SOME_ID, groups, 1) < 0)
		return 2;
	if (ids_become(SOME_ID + 5, SOME_ID, groups, 1) == 0 || errno != EPERM)
		return 3;
	return 0;
}

static void
test_ids(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can become somebody else */
	assert_int_equal(in_child(drop), 0);
	assert_int_equal(in_child(stay), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
