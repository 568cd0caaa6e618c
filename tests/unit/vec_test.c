/* vec_test.c - arrays that grow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/vec.h"

struct pair {
	char letter;
	uint64_t number;
};

static void
test_growing(void **state)
{
	VEC(struct pair) pairs = VEC_INIT;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		struct pair pair = { (char)('a' + i % 26), i };

		vec_push(&pairs, pair);
	}
	assert_int_equal(pairs.len, 1000);
	assert_true(pairs.cap >= 1000);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_int_equal(pairs.at[i].number, i);
		assert_int_equal(pairs.at[i].letter, 'a' + i % 26);
	}
	vec_free(&pairs);
	assert_null(pairs.at);
	assert_int_equal(pairs.len, 0);
	assert_int_equal(pairs.cap, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
