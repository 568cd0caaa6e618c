/* open_test.c - messages and deliveries that have not ended. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/logs/open.c"

#define MANY 1000

static void
test_added_and_ended(void **state)
{
	struct open open;

	(void)state;
	open_init(&open);
	for (uint64_t i = 0; i < MANY; i++)
		open_add(&open, i * i)->bytes = i;
	for (uint64_t i = 0; i < MANY; i += 2)
		open_end(&open, i * i);
	open_end(&open, 7); /* it is not there */
	for (uint64_t i = 0; i < MANY; i++) {
		struct open_entry *entry = open_find(&open, i * i);

		assert_int_equal(entry != NULL, i % 2);
		if (entry)
			assert_int_equal(entry->bytes, i);
	}
	open_free(&open);
}

static void
test_memory_is_used_again(void **state)
{
	struct open open;

	(void)state;
	open_init(&open);
	for (uint64_t i = 0; i < MANY; i++) {
		struct open_entry *entry = open_add(&open, i);

		assert_int_equal(entry->stamp.len, 0);
		assert_int_equal(entry->who.len, 0);
		assert_int_equal(entry->successes, 0);
		str_add_z(&entry->stamp, "stamp");
		str_add_z(&entry->who, "who");
		entry->successes = 1;
		if (i >= 3)
			open_end(&open, i - 3);
	}
	assert_int_equal(open.entries.len, 4);
	open_free(&open);
}

static void
test_same_number_again(void **state)
{
	struct open open;

	(void)state;
	open_init(&open);
	open_add(&open, 5)->bytes = 1;
	open_add(&open, 5)->bytes = 2;
	assert_int_equal(open_find(&open, 5)->bytes, 2);
	open_end(&open, 5);
	assert_null(open_find(&open, 5));
	assert_int_equal(open.entries.len, 1);
	open_free(&open);
}

/* Whatever places they have. */
static void
test_in_the_order_in_which_they_came(void **state)
{
	struct open_list list;
	struct open open;
	uint64_t last = 0;

	(void)state;
	open_init(&open);
	for (uint64_t i = 0; i < MANY; i++)
		open_add(&open, MANY - i);
	for (uint64_t i = 1; i <= MANY; i += 3)
		open_add(&open, i);
	open_in_order(&open, &list);
	assert_int_equal(list.found.len, MANY);
	for (size_t i = 0; i < list.found.len; i++) {
		assert_true(i == 0 || list.found.at[i]->came > last);
		last = list.found.at[i]->came;
	}
	assert_int_equal(list.found.at[MANY - 1]->number, MANY);
	vec_free(&list.found);
	open_end_all(&open);
	open_in_order(&open, &list);
	assert_int_equal(list.found.len, 0);
	assert_null(open_find(&open, 1));
	open_free(&open);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_added_and_ended),
		cmocka_unit_test(test_memory_is_used_again),
		cmocka_unit_test(test_same_number_again),
		cmocka_unit_test(test_in_the_order_in_which_they_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
