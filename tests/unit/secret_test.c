/* secret_test.c - comparing and wiping secrets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/secret.h"

static void
test_equal(void **state)
{
	(void)state;
	assert_true(secret_equal(SPAN(""), SPAN("")));
	assert_true(secret_equal(SPAN("same\0bytes"), SPAN("same\0bytes")));
	assert_false(secret_equal(SPAN("same\0bytes"), SPAN("same\0Bytes")));
	assert_false(secret_equal(SPAN("a"), SPAN("b")));
	assert_false(secret_equal(SPAN("ab"), SPAN("aa")));
	assert_false(secret_equal(SPAN("ba"), SPAN("aa")));
	assert_false(secret_equal(SPAN("a"), SPAN("aa")));
	assert_false(secret_equal(SPAN("a"), SPAN("")));
	assert_false(secret_equal(SPAN("\x80"), SPAN("\x00")));
}

static void
test_wipe(void **state)
{
	char bytes[8] = "secrets";

	(void)state;
	secret_wipe(bytes + 1, 6);
	assert_memory_equal(bytes, "s\0\0\0\0\0\0\0", 8);
	secret_wipe(bytes, 0);
	assert_int_equal(bytes[0], 's');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
