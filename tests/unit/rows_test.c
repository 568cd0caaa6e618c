/* rows_test.c - what a report counts by key, and what beyond its limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../../src/logs/rows.h"

#undef ROWS_MAX
#define ROWS_MAX 3000
#undef ROWS_BYTES_MAX
#define ROWS_BYTES_MAX 100000u
#include "../../src/logs/rows.c"

static void
count(struct rows *rows, int number)
{
	char key[32];
	int len = snprintf(key, sizeof(key), "key %d", number);

	rows_at(rows, span_make(key, (size_t)len))->tries++;
}

static void
test_each_key_has_its_row(void **state)
{
	struct rows rows;

	(void)state;
	rows_init(&rows);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < ROWS_MAX; i++)
			count(&rows, i);
	rows_at(&rows, SPAN("KEY 1"))->tries++;
	assert_int_equal(rows.rows.len, ROWS_MAX + 1);
	for (int i = 0; i < ROWS_MAX; i++)
		assert_int_equal(rows.rows.at[i].tries, 3);
	assert_true(
	    span_equal(rows_key(&rows, &rows.rows.at[17]), SPAN("key 17")));
	/* The first that had no room. */
	assert_true(span_equal(
	    rows_key(&rows, &rows.rows.at[ROWS_MAX]), SPAN("(others)")));
	rows_free(&rows);
}

static void
test_too_many_rows(void **state)
{
	struct rows rows;

	(void)state;
	rows_init(&rows);
	for (int i = 0; i < ROWS_MAX + 500; i++)
		count(&rows, i);
	assert_int_equal(rows.rows.len, ROWS_MAX + 1);
	assert_int_equal(rows_at(&rows, SPAN("(others)"))->tries, 500);
	assert_int_equal(rows_at(&rows, SPAN("key 5"))->tries, 1);
	rows_free(&rows);
}

static void
test_too_many_bytes(void **state)
{
	static char key[ROWS_BYTES_MAX + 1];
	struct rows rows;

	(void)state;
	rows_init(&rows);
	rows_at(&rows, span_make(key, ROWS_BYTES_MAX))->tries++;
	rows_at(&rows, SPAN("a"))->tries++;
	rows_at(&rows, SPAN("b"))->tries++;
	assert_int_equal(rows.rows.len, 2);
	assert_int_equal(rows_at(&rows, SPAN("(others)"))->tries, 2);
	rows_free(&rows);
}

/* Also one that is empty, and such as differ in a last byte that is 0. */
static void
test_short_keys(void **state)
{
	static const char bytes[8];
	struct rows rows;

	(void)state;
	rows_init(&rows);
	for (size_t len = 0; len <= sizeof(bytes); len++)
		rows_at(&rows, span_make(bytes, len))->tries++;
	assert_int_equal(rows.rows.len, sizeof(bytes) + 1);
	rows_free(&rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key_has_its_row),
		cmocka_unit_test(test_too_many_rows),
		cmocka_unit_test(test_too_many_bytes),
		cmocka_unit_test(test_short_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
