/* record_test.c - what our processes say to each other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "queue/record.h"

static void
test_round_trip(void **state)
{
	struct str text = STR_INIT;
	struct span rest, value;
	uint64_t number;
	char letter;

	(void)state;
	record_add(&text, 'F', SPAN("a@b"));
	record_add_number(&text, 'N', UINT64_MAX);
	record_add(&text, 'X', SPAN(""));
	rest = str_span(&text);
	assert_true(record_next(&rest, &letter, &value));
	assert_int_equal(letter, 'F');
	assert_true(span_equal(value, SPAN("a@b")));
	assert_true(record_next_number(&rest, 'N', UINT64_MAX, &number));
	assert_true(number == UINT64_MAX);
	assert_true(record_next_is(&rest, 'X', &value));
	assert_int_equal(value.len, 0);
	assert_false(record_next(&rest, &letter, &value));
	assert_int_equal(rest.len, 0);
	str_free(&text);
}

static void
test_broken(void **state)
{
	struct span value, rest;
	uint64_t number;
	char letter;

	(void)state;
	rest = SPAN("Fabc"); /* no NUL */
	assert_false(record_next(&rest, &letter, &value));
	assert_int_equal(rest.len, 4);
	rest = SPAN("\0"); /* no letter */
	assert_false(record_next(&rest, &letter, &value));
	rest = SPAN("Qabc"); /* is there, but not whole */
	assert_false(record_next_optional(&rest, 'Q', &value));
	rest = SPAN("F\0"); /* another */
	assert_true(record_next_optional(&rest, 'Q', &value));
	assert_null(value.s);
	assert_true(record_next_optional(&rest, 'F', &value));
	assert_non_null(value.s);
	assert_true(record_next_optional(&rest, 'F', &value));
	assert_null(value.s);
	rest = SPAN("N12x\0");
	assert_false(record_next_number(&rest, 'N', 100, &number));
	rest = SPAN("N101\0");
	assert_false(record_next_number(&rest, 'N', 100, &number));
	rest = SPAN("M1\0");
	assert_false(record_next_is(&rest, 'N', &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
