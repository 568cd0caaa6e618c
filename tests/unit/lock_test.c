/* lock_test.c - locks on open files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "scratch.h"

static void
test_flock(void **state)
{
	int one, two;

	(void)state;
	scratch_write("f", "", 0);
	one = file_open("f");
	two = file_open("f");
	assert_int_equal(lock_wait(one), 0);
	assert_int_equal(lock_try(two), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	fd_close(one);
	assert_int_equal(lock_try(two), 0);
	fd_close(two);
	/* They exclude those who only read as well. */
	one = file_open("f");
	two = file_open("f");
	assert_int_equal(lock_wait(one), 0);
	assert_int_equal(flock(two, LOCK_SH | LOCK_NB), -1);
	assert_int_equal(flock(one, LOCK_UN), 0);
	assert_int_equal(lock_try(one), 0);
	assert_int_equal(flock(two, LOCK_SH | LOCK_NB), -1);
	fd_close(one);
	fd_close(two);
	assert_int_equal(lock_try(-1), -1);
	assert_int_equal(lock_wait(-1), -1);
}

/* Waits for a holder that lets go, and not for ever for one that does not. */
static void
test_short_wait(void **state)
{
	int one, two, ready[2], go[2], status;
	pid_t pid;

	(void)state;
	scratch_write("s", "", 0);
	assert_int_equal(fd_pipe(ready), 0);
	assert_int_equal(fd_pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		one = file_open("s");
		_exit(lock_try(one) == 0 && write(ready[1], "x", 1) == 1 &&
			    read(go[0], &(char){ 0 }, 1) == 1
			? 0
			: 1);
	}
	assert_int_equal(read(ready[0], &(char){ 0 }, 1), 1);
	two = file_open("s");
	assert_int_equal(lock_wait_shortly(two, 0), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(lock_wait_shortly(two, 60000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(lock_wait_shortly(-1, 60000), -1);
	assert_int_equal(errno, EBADF);
	fd_close(two);
	for (int i = 0; i < 2; i++) {
		fd_close(ready[i]);
		fd_close(go[i]);
	}
}

/* A record lock belongs to a process. */
static void
test_record(void **state)
{
	int fd = file_append("r", 0600), status;
	pid_t pid;

	(void)state;
	assert_int_equal(lock_try_record(fd), 0);
	pid = fork();
	if (pid == 0)
		_exit(lock_try_record(fd) < 0 &&
			    (errno == EAGAIN || errno == EACCES)
			? 0
			: 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fd_close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flock),
		cmocka_unit_test(test_short_wait),
		cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
