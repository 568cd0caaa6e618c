/* trigger_test.c - the FIFO that tells of new mail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queue/trigger.h"
#include "sys/fd.h"

static void
test_trigger(void **state)
{
	struct trigger trigger;
	int fd;

	(void)state;
	(void)mkdir("lock", 0755);
	trigger_pull(5); /* nothing there: no harm */
	assert_int_equal(trigger_open(&trigger), -1);
	assert_int_equal(errno, ENOENT);
	fclose(fopen("lock/trigger", "w"));
	assert_int_equal(trigger_open(&trigger), -1);
	assert_int_equal(errno, EINVAL);
	unlink("lock/trigger");
	assert_int_equal(mkfifo("lock/trigger", 0600), 0);
	assert_int_equal(trigger_open(&trigger), 0);
	trigger_read(&trigger); /* empty: does not wait */
	assert_int_equal(trigger.numbers.len, 0);
	assert_false(trigger.wants_scan);
	trigger_pull(1795348216421123);
	trigger_pull(2);
	trigger_read(&trigger);
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

	return cmocka_run_group_tests(tests, NULL, NULL);
}
