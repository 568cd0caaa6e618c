/* out_test.c - buffered writing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/out.h"

/* Checks that the pipe holds exactly these bytes. */
static void
check_pipe(int fd, const char *wanted)
{
	char got[100];
	ssize_t len;

	assert_int_equal(fd_set_nonblocking(fd), 0);
	len = read(fd, got, sizeof(got));
	if (len < 0)
		len = 0;
	assert_int_equal(len, strlen(wanted));
	assert_memory_equal(got, wanted, (size_t)len);
}

static void
test_buffering(void **state)
{
	char buffer[4];
	struct out out;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	out_init(&out, ends[1], buffer, sizeof(buffer));
	assert_int_equal(out_add_z(&out, "ab"), 0);
	assert_int_equal(out_add_z(&out, "cd"), 0);
	check_pipe(ends[0], "");
	assert_int_equal(out_add_z(&out, "e"), 0);
	check_pipe(ends[0], "abcd");
	assert_int_equal(out_add_z(&out, "0123456"), 0);
	check_pipe(ends[0], "e0123456");
	assert_int_equal(out_add_z(&out, "01234"), 0); /* one more than fits */
	check_pipe(ends[0], "01234");
	assert_int_equal(out_add(&out, SPAN("")), 0);
	assert_int_equal(out_flush(&out), 0);
	check_pipe(ends[0], "");
	assert_int_equal(out_add_z(&out, "x"), 0);
	assert_int_equal(out_flush(&out), 0);
	check_pipe(ends[0], "x");
	assert_int_equal(out.total, 18);
	close(ends[0]);
	close(ends[1]);
}

static void
test_failure_is_kept(void **state)
{
	char buffer[4];
	struct out out;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	out_init(&out, fd, buffer, sizeof(buffer));
	assert_int_equal(out_add_z(&out, "abc"), 0);
	assert_int_equal(out_flush(&out), -1);
	assert_int_equal(errno, ENOSPC);
	errno = 0;
	assert_int_equal(out_add_z(&out, "a"), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(out_flush(&out), -1);
	assert_int_equal(out.total, 0);
	close(fd);
}

static void
test_deadline(void **state)
{
	static char much[100000];
	char buffer[4];
	struct out out;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_set_nonblocking(ends[1]), 0);
	out_init(&out, ends[1], buffer, sizeof(buffer));
	out_set_deadline(&out, clock_monotonic() + 30);
	assert_int_equal(out_add(&out, span_make(much, sizeof(much))), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_in_range(out.total, 1, sizeof(much) - 1);
	close(ends[0]);
	close(ends[1]);
}

/* A peer that takes a little now and then, for as long as it is let. */
static pid_t
start_slow_reader(const int ends[2])
{
	pid_t pid = fork();
	char bytes[64];

	if (pid == 0) {
		close(ends[1]);
		while (read(ends[0], bytes, sizeof(bytes)) > 0)
			(void)poll(NULL, 0, 1);
		_exit(0);
	}
	close(ends[0]);
	return pid;
}

/* The deadline ends a write that blocks too: the timeout of the socket, which
 * is longer than this test may take, does not count then. */
static void
test_deadline_of_socket(void **state)
{
	static char much[10000000];
	char buffer[4];
	struct out out;
	int ends[2], status;
	pid_t reader;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	reader = start_slow_reader(ends);
	out_init(&out, ends[1], buffer, sizeof(buffer));
	out_set_timeout(&out, 1000);
	out_set_deadline(&out, clock_monotonic() + 500);
	assert_int_equal(out_add(&out, span_make(much, sizeof(much))), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(clock_monotonic() >= out.deadline);
	assert_in_range(out.total, 1, sizeof(much) - 1);
	close(ends[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
}

/* A peer that takes nothing and speaks is noticed; one that is silent is
 * waited for. */
static void
test_watch(void **state)
{
	static char much[1 << 20];
	char buffer[16];
	struct out out;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	out_init(&out, ends[0], buffer, sizeof(buffer));
	out_set_timeout(&out, 1);
	out_watch(&out, true);
	assert_int_equal(out_add_z(&out, "x"), 0);
	assert_int_equal(out_flush(&out), 0);
	check_pipe(ends[1], "x");
	assert_int_equal(write(ends[1], "552\n", 4), 4);
	assert_int_equal(out_add_z(&out, "y"), 0);
	assert_int_equal(out_flush(&out), 0);
	assert_int_equal(out_add(&out, span_make(much, sizeof(much))), -1);
	assert_int_equal(errno, EPROTO);
	assert_int_equal(out_add_z(&out, "z"), -1);
	assert_int_equal(errno, EPROTO);
	out_init(&out, ends[0], buffer, sizeof(buffer));
	out_set_timeout(&out, 1);
	out_watch(&out, true);
	check_pipe(ends[0], "552\n");
	assert_int_equal(out_add(&out, span_make(much, sizeof(much))), -1);
	assert_int_equal(errno, ETIMEDOUT);
	close(ends[1]);
	out_init(&out, ends[0], buffer, sizeof(buffer));
	out_watch(&out, true);
	assert_int_equal(out_add(&out, span_make(much, sizeof(much))), -1);
	assert_int_equal(errno, EPIPE);
	close(ends[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_buffering),
		cmocka_unit_test(test_failure_is_kept),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_deadline_of_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
