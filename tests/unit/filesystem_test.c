/* filesystem_test.c - file systems that do not keep their promises. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/vfs.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weakness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
