/* filesystem_test.c - file systems that do not keep their promises. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/filesystem.h"

static void
test_weakness(void **state)
{
	const char *weakness = filesystem_weakness("/dev/shm");
	struct statfs fs;

	(void)state;
	assert_null(filesystem_weakness("/nonexistent"));
	assert_null(filesystem_weakness("/proc")); /* unknown */
	if (statfs("/dev/shm", &fs) == 0 && fs.f_type == 0x01021994) {
		assert_non_null(weakness);
		assert_non_null(strstr(weakness, "memory"));
	}
}

static void
test_sync(void **state)
{
	int fd = open(".", O_RDONLY);

	(void)state;
	assert_int_equal(filesystem_sync(fd), 0);
	(void)close(fd);
	assert_int_equal(filesystem_sync(fd), -1);
	assert_int_equal(errno, EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weakness),
		cmocka_unit_test(test_sync),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
