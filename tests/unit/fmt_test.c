/* fmt_test.c - numbers to text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/fmt.h"

static const struct {
	uint64_t number;
	size_t width;
	const char *text;
} cases[] = {
	{ 0, 1, "0" },
	{ 9, 1, "9" },
	{ 10, 1, "10" },
	{ 5, 2, "05" },
	{ 0, 4, "0000" },
	{ 123, 2, "123" },
	{ UINT64_MAX, 1, "18446744073709551615" },
};

static void
test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char out[FMT_U64_MAX + 1] = "xxxxxxxxxxxxxxxxxxxx";
		size_t len = fmt_u64_pad(out, cases[i].number, cases[i].width);

		assert_int_equal(len, strlen(cases[i].text));
		assert_memory_equal(out, cases[i].text, len);
		assert_int_equal(out[len], len < FMT_U64_MAX ? 'x' : '\0');
	}
	{
		char out[FMT_U64_MAX];

		assert_int_equal(fmt_u64(out, 42), 2);
		assert_memory_equal(out, "42", 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
