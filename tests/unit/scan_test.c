/* scan_test.c - text to numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scan.h"

static const struct {
	const char *text;
	uint64_t max;
	bool is_whole;
	size_t digits; /* of the prefix */
	uint64_t number, prefix;
} cases[] = {
	{ "0", 10, true, 1, 0, 0 },
	{ "10", 10, true, 2, 10, 10 },
	{ "11", 10, false, 2, 0, 10 },
	{ "010", 10, true, 3, 10, 10 },
	{ "7", 5, false, 1, 0, 5 },
	{ "70", 5, false, 2, 0, 5 },
	{ "1", 0, false, 1, 0, 0 },
	{ "0", 0, true, 1, 0, 0 },
	{ "", 10, false, 0, 0, 0 },
	{ "+1", 10, false, 0, 0, 0 },
	{ "-1", 10, false, 0, 0, 0 },
	{ " 1", 10, false, 0, 0, 0 },
	{ "1 ", 10, false, 1, 0, 1 },
	{ "1x", 10, false, 1, 0, 1 },
	{ "20 # x", 99, false, 2, 0, 20 },
	{ "18446744073709551615", UINT64_MAX, true, 20, UINT64_MAX,
	    UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, false, 20, 0, UINT64_MAX },
	{ "99999999999999999999999", UINT64_MAX, false, 23, 0, UINT64_MAX },
	{ "4294967297", UINT32_MAX, false, 10, 0, UINT32_MAX },
};

static void
test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span text = span_of(cases[i].text);
		uint64_t number = 12345, prefix = 12345;

		assert_int_equal(
		    scan_u64(text, cases[i].max, &number), cases[i].is_whole);
		assert_int_equal(
		    number, cases[i].is_whole ? cases[i].number : 12345);
		assert_int_equal(scan_u64_prefix(text, cases[i].max, &prefix),
		    cases[i].digits);
		assert_int_equal(
		    prefix, cases[i].digits ? cases[i].prefix : 12345);
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
