/* fd_test.c - descriptors. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/signal.h"

static void
check_closes_on_exec(int fd)
{
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void
test_pipe_and_pair(void **state)
{
	int ends[2];
	char buffer[8];

	(void)state;
	assert_int_equal(fd_pipe(ends), 0);
	check_closes_on_exec(ends[0]);
	check_closes_on_exec(ends[1]);
	assert_int_equal(fd_write_all(ends[1], SPAN("abc")), 0);
	assert_int_equal(fd_read(ends[0], buffer, 2), 2);
	fd_close(ends[1]);
	assert_int_equal(fd_read(ends[0], buffer, 8), 1);
	assert_int_equal(fd_read(ends[0], buffer, 8), 0);
	fd_close(ends[0]);
	assert_false(fd_is_open(ends[0]));
	assert_int_equal(fd_pair(ends), 0);
	check_closes_on_exec(ends[0]);
	assert_int_equal(fd_write(ends[0], SPAN("ab")), 2);
	assert_int_equal(fd_write(ends[0], SPAN("c")), 1);
	assert_int_equal(fd_read(ends[1], buffer, 8), 2);
	fd_close(ends[0]);
	fd_close(ends[1]);
	fd_close(-1);
}

/* Who closes after a failure tells of the failure, even if close fails, too. */
static void
test_close_keeps_errno(void **state)
{
	(void)state;
	errno = ENOSPC;
	fd_close(1000000);
	assert_int_equal(errno, ENOSPC);
}

static void
test_nonblocking(void **state)
{
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(fd_pipe(ends), 0);
	assert_int_equal(fd_set_nonblocking(ends[0]), 0);
	assert_int_equal(fd_read(ends[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fd_set_nonblocking(-1), -1);
	fd_close(ends[0]);
	fd_close(ends[1]);
}

static void
test_duplicates(void **state)
{
	int copy = fd_duplicate_above(0, 100);

	(void)state;
	assert_true(copy >= 100);
	check_closes_on_exec(copy);
	assert_true(fd_is_open(copy));
	fd_close(copy);
	assert_false(fd_is_open(copy));
}

/* Closes what it likes: in a child. */
static void
check_in_child(void (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		act();
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
open_standard(void)
{
	close(0);
	close(2);
	if (fd_open_standard() < 0 || !fd_is_open(0) || !fd_is_open(2))
		_exit(1);
	_exit(0);
}

static void
close_from(void)
{
	int fd = fd_duplicate_above(0, 700);

	fd_close_from(3);
	_exit(fd < 0 || fd_is_open(fd) || fd_is_open(3) || !fd_is_open(2));
}

static void
test_whole_table(void **state)
{
	(void)state;
	check_in_child(open_standard);
	check_in_child(close_from);
}

static void
test_raise_limit(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 20;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(fd_duplicate_above(0, 25), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(fd_raise_limit(30), 30);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 30);
	assert_int_equal(fd_raise_limit(25), 25); /* never less */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 30);
	assert_true(fd_raise_limit(limit.rlim_max) == limit.rlim_max);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit.rlim_cur == limit.rlim_max);
}

static void
test_reopen(void **state)
{
	int ends[2], pair[2], own;

	(void)state;
	assert_int_equal(fd_pipe(ends), 0);
	own = fd_reopen_nonblocking(ends[1]);
	assert_true(own >= 0);
	while (fd_write(own, SPAN("some words\n")) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_false(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_pair(pair), 0);
	assert_int_equal(fd_reopen_nonblocking(pair[0]), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fd_reopen_nonblocking(-1), -1);
	fd_close(own);
	fd_close(ends[0]);
	fd_close(ends[1]);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

static int woken;

static void
on_timer(int number)
{
	(void)number;
	(void)!write(woken, "x", 1);
}

/* A signal does not end the wait; what comes afterwards does. */
static void
test_interrupted_wait(void **state)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	int ends[2];

	(void)state;
	assert_int_equal(fd_pipe(ends), 0);
	woken = ends[1];
	signal_catch(SIGALRM, on_timer);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(fd_wait(ends[0], POLLIN, 60000, 0, false), 0);
	signal_default(SIGALRM);
	fd_close(ends[0]);
	fd_close(ends[1]);
}

/* A long one is cut, but for its newline; without a reader they are lost. */
static void
test_lines(void **state)
{
	static char line[FD_LINE_MAX + 10], back[2 * FD_LINE_MAX];
	int ends[2];

	(void)state;
	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = 'x';
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(fd_pipe(ends), 0);
	fd_write_line(ends[1], span_make(line, sizeof(line)));
	assert_int_equal(fd_read(ends[0], back, sizeof(back)), FD_LINE_MAX);
	assert_int_equal(back[FD_LINE_MAX - 2], 'x');
	assert_int_equal(back[FD_LINE_MAX - 1], '\n');
	fd_write_line(ends[1], SPAN("short\n"));
	assert_int_equal(fd_read(ends[0], back, sizeof(back)), 6);
	for (int i = 0; i < 1000; i++) /* far more than a pipe takes */
		fd_write_line(ends[1], span_make(line, sizeof(line)));
	fd_close(ends[0]);
	fd_close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe_and_pair),
		cmocka_unit_test(test_close_keeps_errno),
		cmocka_unit_test(test_nonblocking),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_whole_table),
		cmocka_unit_test(test_raise_limit),
		cmocka_unit_test(test_reopen),
		cmocka_unit_test(test_interrupted_wait),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
