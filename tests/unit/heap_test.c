/* heap_test.c - a priority queue. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/heap.h"

#define ENTRIES 1000

/* A fixed sequence that looks random. */
static uint64_t
next_number(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void
check_order(struct heap *heap, size_t count)
{
	struct heap_entry last = { INT64_MIN, 0 };

	for (size_t i = 0; i < count; i++) {
		const struct heap_entry *first = heap_first(heap);

		assert_non_null(first);
		assert_true(first->when > last.when ||
		    (first->when == last.when && first->number >= last.number));
		last = *first;
		heap_remove_first(heap);
	}
	assert_null(heap_first(heap));
}

static void
fill(struct heap *heap)
{
	uint64_t seed = 1;

	for (size_t i = 0; i < ENTRIES; i++) {
		struct heap_entry entry = {
			.when = (int64_t)(next_number(&seed) % 50) - 25,
			.number = next_number(&seed) % 100
		};

		heap_add(heap, entry);
	}
}

static bool
is_even(const void *context, uint64_t number)
{
	(void)context;
	return number % 2 == 0;
}

/* Those that are meant come no later than the others may. */
static void
test_hurry(void **state)
{
	struct heap heap = HEAP_INIT;
	size_t late = 0;

	(void)state;
	fill(&heap);
	heap_hurry(&heap, -10, is_even, NULL);
	for (size_t i = 0; i < heap.entries.len; i++) {
		const struct heap_entry *at = &heap.entries.at[i];

		assert_true(at->number % 2 == 1 || at->when <= -10);
		late += at->when > -10;
	}
	assert_true(late > 0);
	check_order(&heap, ENTRIES);
	heap_free(&heap);
}

static void
test_order(void **state)
{
	struct heap heap = HEAP_INIT;

	(void)state;
	assert_null(heap_first(&heap));
	fill(&heap);
	check_order(&heap, ENTRIES);
	heap_free(&heap);
}

static void
test_set_all(void **state)
{
	struct heap heap = HEAP_INIT;

	(void)state;
	heap_set_all(&heap, 5);
	fill(&heap);
	heap_set_all(&heap, 7);
	assert_int_equal(heap_first(&heap)->when, 7);
	check_order(&heap, ENTRIES);
	heap_free(&heap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_set_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
