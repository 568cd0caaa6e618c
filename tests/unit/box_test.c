/* box_test.c - what cannot be done any more in a box. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/box.h"
#include "sys/fd.h"
#include "sys/ids.h"

#define NOBODY 65534

static int
with_streams(void)
{
	return box_shut_streams(1);
}

static int
with_three_streams(void)
{
	return box_shut_streams(3);
}

/* Whether this, done in a box by somebody who is not root, succeeds. */
static int
in_box(int (*shut)(void), int (*try)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		gid_t group = NOBODY;

		if ((geteuid() == 0 &&
			ids_become(NOBODY, NOBODY, &group, 1) < 0) ||
		    shut() < 0)
			_exit(2);
		_exit(try());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 2);
	return WEXITSTATUS(status);
}

static int
try_open(void)
{
	return open("/dev/null", O_RDONLY) >= 0;
}

static int
try_pipe(void)
{
	int ends[2];

	return pipe(ends) == 0;
}

static int
try_fork(void)
{
	return fork() != -1;
}

static int
try_stream(void)
{
	return fd_wait(1, POLLOUT, 1000, 0, false) == 0 && write(1, "", 1) == 1;
}

static int
try_poll_three(void)
{
	struct pollfd fds[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	return poll(fds, 3, 0) >= 0;
}

static int
try_core(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_max != 0;
}

static void
test_streams(void **state)
{
	(void)state;
	assert_false(in_box(with_streams, try_open));
	assert_false(in_box(with_streams, try_pipe));
	assert_false(in_box(with_streams, try_fork));
	assert_false(in_box(with_streams, try_core));
	assert_true(in_box(with_streams, try_stream));
}

static void
test_several_streams(void **state)
{
	(void)state;
	assert_false(in_box(with_three_streams, try_open));
	assert_true(in_box(with_three_streams, try_poll_three));
	assert_false(in_box(with_streams, try_poll_three));
}

static void
test_files(void **state)
{
	(void)state;
	assert_true(in_box(box_shut_files, try_open));
	assert_false(in_box(box_shut_files, try_fork));
	assert_false(in_box(box_shut_files, try_core));
	assert_true(in_box(box_shut_files, try_stream));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_several_streams),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
