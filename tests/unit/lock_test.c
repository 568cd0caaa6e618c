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
		cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
