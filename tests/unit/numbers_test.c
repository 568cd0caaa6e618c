/* numbers_test.c - sets of message numbers, against a plain array. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/send/numbers.c"

#define RANGE 300

static void
test_against_array(void **state)
{
	bool in_array[RANGE + 1] = { false };
	struct number_set set = { NULL, 0, 0 };
	uint64_t seed = 1;
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t number;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		/* Numbers of the same microsecond collide on purpose. */
		number = 1 + (seed >> 33) % RANGE;
		if (seed >> 63) {
			assert_int_equal(number_set_add(&set, number << 20),
			    !in_array[number]);
			number_set_set_mark(
			    &set, number << 20, (unsigned)number);
			count += !in_array[number];
			in_array[number] = true;
		} else {
			number_set_remove(&set, number << 20);
			count -= in_array[number];
			in_array[number] = false;
		}
		assert_int_equal(set.len, count);
	}
	for (uint64_t number = 1; number <= RANGE; number++) {
		assert_int_equal(
		    number_set_has(&set, number << 20), in_array[number]);
		if (in_array[number])
			assert_int_equal(
			    number_set_mark(&set, number << 20), number);
	}
	number_set_free(&set);
	assert_false(number_set_has(&set, 1));
}

static void
test_values(void **state)
{
	struct number_set set = { NULL, 0, 0 };
	int thing;

	(void)state;
	assert_null(number_set_value(&set, 7));
	assert_true(number_set_add(&set, 7));
	assert_null(number_set_value(&set, 7));
	number_set_set_value(&set, 7, &thing);
	assert_ptr_equal(number_set_value(&set, 7), &thing);
	number_set_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_array),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
