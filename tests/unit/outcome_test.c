/* outcome_test.c - numbers of a report: read, added up, written, sorted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../src/logs/order.c"
#define least least_of_outcome
#include "../../src/logs/outcome.c"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* As the C library reads them. */
static void
test_decimals(void **state)
{
	static const char *const words[] = { "0", "1000000000.000000",
		"1000000001.001000", "1000000000.5", "1234567890.123456",
		"9007199254.740991", "0.1", "17.", ".5", "-12.25", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_true(outcome_decimal(span_of(words[i])) ==
		    strtod(words[i], NULL));
	/* More than a double holds: near enough. */
	assert_true(outcome_decimal(SPAN("1000000000.123456789")) -
		1000000000.123456789 <
	    3e-7);
	assert_true(outcome_decimal(SPAN("1000000000.123456789")) -
		1000000000.123456789 >
	    -3e-7);
	assert_true(outcome_decimal(SPAN("12x")) == 12);
	assert_true(outcome_decimal(SPAN("x")) == 0);
	assert_true(outcome_decimal(SPAN("1.5.7")) == 1.5);
	assert_true(
	    outcome_decimal(SPAN("9007199254.740991999999999999999.5")) < 1e19);
	assert_true(
	    outcome_decimal(SPAN("@400000003b9aca0a1dcd6500")) == 1000000000.5);
}

/* As printf writes them, also where rounding is close. */
static void
test_decimals_written(void **state)
{
	static const double numbers[] = { 0, 0.005, 0.015, 0.125, 0.375, 1.005,
		5.125, 5.135, -5.125, -0.001, 0.995, 0.9949999, 9.999999,
		0.9999995, 0.99999951, 0.9999994, 62.25, 1e6 / 3, 0.0000005,
		0.0000015, 1e9 - 0.005, 1e9, 1e15 / 7, 1e300, -1e300 };
	struct str text = STR_INIT;
	char wanted[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(numbers) + 10000; i++) {
		double number = i < COUNT(numbers)
		    ? numbers[i]
		    : (double)(i * i) / (i % 2 ? 1000 : 997);

		str_reset(&text);
		outcome_add_decimal2(&text, number);
		snprintf(wanted, sizeof(wanted), "%.2f", number);
		assert_string_equal(str_z(&text), wanted);
		str_reset(&text);
		outcome_add_decimal6(&text, number);
		snprintf(wanted, sizeof(wanted), "%.6f", number);
		assert_string_equal(str_z(&text), wanted);
	}
	str_free(&text);
}

static void
test_no_overflow(void **state)
{
	uint64_t total = UINT64_MAX - 1;

	(void)state;
	outcome_add_total(&total, 1);
	assert_true(total == UINT64_MAX);
	outcome_add_total(&total, 1);
	assert_true(total == UINT64_MAX);
	assert_true(outcome_product(UINT64_MAX, 2) == UINT64_MAX);
	assert_true(outcome_product(1u << 31, UINT64_C(1) << 33) == UINT64_MAX);
	assert_true(outcome_product(UINT64_MAX, 0) == 0);
	assert_true(outcome_product(7, 6) == 42);
	assert_true(outcome_number(SPAN("18446744073709551616")) == UINT64_MAX);
	assert_true(outcome_number(SPAN("x")) == 0);
}

static void
test_lines(void **state)
{
	static const char *const wrong[] = { "", "d", "m", "x k 1 2 3", "? d k",
		"d k 1 2 3 4 <s> r 5", "m 1 2 3 4 5 6 <s> 7",
		"d kk 1 2 3 4 <s> r 5 6 why", "d m 1 2 3 4 <s> r 5 6 why",
		"dk 1 2 3 4 <s> r 5 6 why and" };
	struct outcome outcome;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(outcome_parse(span_of(wrong[i]), &outcome));
	assert_true(
	    outcome_parse(SPAN("d z 1 2 3 4 <s> r 5 6 why not"), &outcome));
	assert_int_equal(outcome.result, 'z');
	assert_true(span_equal(outcome.reason, SPAN("why")));
	assert_true(
	    outcome_xdelay(&outcome) == 1 && outcome_age(&outcome) == 2);
	assert_true(outcome_parse(SPAN("d z 1 2 3 4 <s> r 5 6"), &outcome));
	assert_int_equal(outcome.reason.len, 0);
	assert_true(outcome_parse(SPAN("m 1 2 3 4 5 6 <s> 7 8"), &outcome));
	assert_int_equal(outcome.result, OUTCOME_MESSAGE);
	assert_true(span_equal(outcome.deferrals, SPAN("6")));
	assert_int_equal(outcome.recipient.len, 0);
}

static int
compare(const void *left, const void *right)
{
	return order_compare_text(span_of(*(const char *const *)left),
	    span_of(*(const char *const *)right));
}

static void
test_order(void **state)
{
	static const char *const words[] = { "b", "", "common beginning b",
		"common beginning a", "a", "common beginning",
		"common beginnini", "\377", "common b", "b" };
	static const double numbers[] = { 3, -1, 0, 1e300, -2.5, 0.5, 3 };
	struct order order = { VEC_INIT };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct order_item item = { order_of_text(span_of(words[i])),
			&words[i] };

		vec_push(&order.items, item);
	}
	order_sort(&order, compare);
	for (size_t i = 1; i < order.items.len; i++)
		assert_true(
		    strcmp(*(const char *const *)order.items.at[i - 1].thing,
			*(const char *const *)order.items.at[i].thing) <= 0);
	vec_free(&order.items);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct order_item item = { order_of_decimal(numbers[i]),
			&numbers[i] };

		assert_true(order_decimal(item.key) == numbers[i]);
		vec_push(&order.items, item);
	}
	order_sort(&order, NULL);
	for (size_t i = 1; i < order.items.len; i++)
		assert_true(order_decimal(order.items.at[i - 1].key) <=
		    order_decimal(order.items.at[i].key));
	/* What is the same stays in its order. */
	assert_ptr_equal(order.items.at[4].thing, &numbers[0]);
	assert_ptr_equal(order.items.at[5].thing, &numbers[6]);
	vec_free(&order.items);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_decimals_written),
		cmocka_unit_test(test_no_overflow),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
