/* error_test.c - what errno means. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "sys/error.h"

static void
test_kinds(void **state)
{
	(void)state;
	assert_true(error_is_temporary(ENOMEM));
	assert_true(error_is_temporary(EINTR));
	assert_true(error_is_temporary(ENOSPC));
	assert_true(error_is_temporary(EMFILE));
	assert_true(error_is_temporary(EIO));
	assert_true(error_is_temporary(ETIMEDOUT));
	assert_false(error_is_temporary(0));
	assert_false(error_is_temporary(ENOENT));
	assert_false(error_is_temporary(EACCES));
	assert_false(error_is_temporary(EINVAL));
	assert_true(strlen(error_text(ENOENT)) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
