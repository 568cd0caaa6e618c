/* trigger_test.c - the FIFO that tells of new mail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queue/trigger.h"
#include "sys/fd.h"
#include "scratch.h"

#define SET_CAPACITY 1031 /* F_SETPIPE_SZ of fcntl(2) */

/* Pulls as qmail-queue does, which ends then. */
static void
pull_and_end(uint64_t number)
{
	pid_t pid = fork();

	if (pid == 0) {
		trigger_pull(number);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Pulls once more.  Returns false when the FIFO is full. */
static bool
pull_fits(void)
{
	int before, after, fd = open("lock/trigger", O_RDONLY | O_NONBLOCK);

	assert_int_equal(ioctl(fd, FIONREAD, &before), 0);
	trigger_pull(1795348216421123);
	assert_int_equal(ioctl(fd, FIONREAD, &after), 0);
	fd_close(fd);
	return after > before;
}

static void
test_trigger(void **state)
{
	struct pollfd poller = { .events = POLLIN };
	struct trigger trigger;
	int fd, before;

	(void)state;
	(void)mkdir("lock", 0755);
	trigger_pull(5); /* nothing there: no harm */
	assert_int_equal(trigger_open(&trigger), -1);
	assert_int_equal(errno, ENOENT);
	fclose(fopen("lock/trigger", "w"));
	before = scratch_descriptors();
	assert_int_equal(trigger_open(&trigger), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(scratch_descriptors(), before);
	unlink("lock/trigger");
	assert_int_equal(mkfifo("lock/trigger", 0600), 0);
	assert_int_equal(trigger_open(&trigger), 0);
	poller.fd = trigger.read_fd;
	trigger_read(&trigger); /* empty: does not wait */
	assert_int_equal(trigger.numbers.len, 0);
	assert_false(trigger.wants_scan);
	pull_and_end(1795348216421123);
	pull_and_end(2);
	assert_int_equal(poll(&poller, 1, 0), 1);
	trigger_read(&trigger);
	/* That the writers are gone is no event. */
	assert_int_equal(poll(&poller, 1, 0), 0);
	assert_int_equal(trigger.numbers.len, 2);
	assert_true(trigger.numbers.at[0] == 1795348216421123);
	assert_int_equal(trigger.numbers.at[1], 2);
	assert_false(trigger.wants_scan);
	fd = open("lock/trigger", O_WRONLY | O_NONBLOCK);
	assert_int_equal(fd_write_all(fd, span_make("\0", 1)), 0);
	fd_close(fd);
	trigger_read(&trigger);
	assert_int_equal(trigger.numbers.len, 0);
	assert_true(trigger.wants_scan);
	trigger.wants_scan = false;
	while (pull_fits())
		continue;
	trigger_read(&trigger); /* some may have found no room */
	assert_true(trigger.wants_scan);
	trigger.wants_scan = false;
	fd = open("lock/trigger", O_RDONLY | O_NONBLOCK);
	assert_int_equal(fcntl(fd, SET_CAPACITY, 4096), 4096);
	trigger_close(&trigger);
	assert_int_equal(trigger_open(&trigger), 0);
	fd_close(fd);
	while (pull_fits())
		continue;
	trigger_read(&trigger);
	assert_true(trigger.wants_scan);
	trigger_close(&trigger);
	assert_int_equal(trigger.read_fd, -1);
	trigger_close(&trigger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trigger),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
