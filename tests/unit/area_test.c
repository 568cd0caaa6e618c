/* area_test.c - memory from a static area. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/area.c"

/* Blocks of all sizes that grow and go in turn keep what is in them. */
static void
test_contents(void **state)
{
	char *blocks[40] = { NULL };
	size_t sizes[40] = { 0 };

	(void)state;
	for (int round = 0; round < 4000; round++) {
		int i = round * 7 % 40;
		size_t grown = sizes[i] + (size_t)(round % 61) + 1;

		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(blocks[i][at], i);
		if (round % 13 == 0) {
			must_free(blocks[i]);
			blocks[i] = NULL;
			grown = 1;
		}
		blocks[i] = must_realloc(blocks[i], grown);
		sizes[i] = grown;
		memset(blocks[i], i, grown);
	}
	for (int i = 0; i < 40; i++)
		must_free(blocks[i]);
	must_free(NULL);
}

static void
test_last_block(void **state)
{
	char *first, *second;

	(void)state;
	area_used = area_last = 0;
	first = must_realloc(NULL, 100);
	assert_true(is_in_area(first));
	assert_ptr_equal(must_realloc(first, 3000), first);
	second = must_realloc(NULL, 10);
	assert_true(second >= first + 3000);
	assert_ptr_not_equal(must_realloc(first, 3100), first);
	/* What is taken back last is given out again. */
	first = must_realloc(NULL, 50);
	must_free(first);
	assert_ptr_equal(must_realloc(NULL, 60), first);
}

static void
test_beyond(void **state)
{
	char *large, *small;

	(void)state;
	area_used = area_last = 0;
	large = must_realloc(NULL, AREA_SIZE + 1);
	assert_false(is_in_area(large));
	must_free(large);
	small = must_realloc(NULL, 8);
	assert_true(is_in_area(small));
	memcpy(small, "content", 8);
	large = must_realloc(small, AREA_SIZE * 2);
	assert_false(is_in_area(large));
	assert_string_equal(large, "content");
	must_free(large);
	while (is_in_area(small = must_realloc(NULL, 1000)))
		continue;
	must_free(small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_last_block),
		cmocka_unit_test(test_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
