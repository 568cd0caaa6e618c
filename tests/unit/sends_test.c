/* sends_test.c - how much mail somebody has sent. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../src/login/keep.c"
#include "../../src/login/sends.c"
#include "scratch.h"

#define NOW 1000000
#define ANN SPAN("ann")

static void
test_limits(void **state)
{
	struct sends sends = { .messages = 3, .recipients = 10 };

	(void)state;
	assert_true(sends_count(&sends, ANN, 1, NOW));
	assert_false(sends_count(&sends, ANN, 10, NOW));
	assert_true(sends_count(&sends, SPAN("Ann"), 9, NOW + 1));
	assert_false(sends_count(&sends, ANN, 1, NOW + 2));
	assert_true(sends_count(&sends, SPAN("bob"), 10, NOW + 2));
	assert_false(sends_count(&sends, ANN, 1, NOW + SENDS_HOUR - 1));
	assert_true(sends_count(&sends, ANN, 1, NOW + SENDS_HOUR));
	assert_true(sends_count(&sends, ANN, 1, NOW + SENDS_HOUR));
	assert_true(sends_count(&sends, ANN, 1, NOW + SENDS_HOUR));
	assert_false(sends_count(&sends, ANN, 1, NOW + SENDS_HOUR));
	/* The clock is set back. */
	assert_true(sends_count(&sends, ANN, 1, NOW));
	sends_free(&sends);
}

static void
test_no_limit(void **state)
{
	struct sends sends = { .messages = 0, .recipients = 0 };

	(void)state;
	for (int i = 0; i < 5000; i++)
		assert_true(sends_count(&sends, ANN, 1000000000, NOW));
	sends_free(&sends);
}

static void
test_file(void **state)
{
	struct sends sends = { .messages = 2, .recipients = 10 }, again = sends;

	(void)state;
	assert_int_equal(sends_load(&sends, "sent", NOW), 0);
	assert_int_equal(sends.save_at, 0);
	assert_true(sends_count(&sends, SPAN("a b"), 4, NOW));
	assert_true(sends_count(&sends, ANN, 3, NOW + 5));
	assert_true(sends.save_at != 0);
	assert_int_equal(sends_save(&sends, "sent"), 0);
	assert_int_equal(sends.save_at, 0);
	assert_int_equal(sends_load(&again, "sent", NOW + 10), 0);
	assert_int_equal(again.all.len, 2);
	assert_false(sends_count(&again, SPAN("a b"), 7, NOW + 10));
	assert_true(sends_count(&again, SPAN("a b"), 6, NOW + 10));
	sends_free(&again);
	assert_int_equal(sends_load(&again, "sent", NOW + SENDS_HOUR), 0);
	assert_int_equal(again.all.len, 1);
	sends_free(&again);
	sends_free(&sends);
}

/* What cannot be understood is passed over. */
static void
test_strange_file(void **state)
{
	static const char text[] = "x\n\n1000000 1 2 ann\n1000000 1 2\n"
				   "1000000 -1 2 b\n1000000 1 2 \n9 9 9 c";
	struct sends sends = { .messages = 1 };

	(void)state;
	scratch_write("strange", text, strlen(text));
	assert_int_equal(sends_load(&sends, "strange", NOW), 0);
	assert_int_equal(sends.all.len, 1);
	assert_false(sends_count(&sends, ANN, 1, NOW));
	sends_free(&sends);
}

/* Who began first is forgotten. */
static void
test_bounded(void **state)
{
	struct sends sends = { .messages = 1 };

	(void)state;
	for (int i = 0; i < SENDS_MAX + 5; i++) {
		struct sends_entry entry = { .start = NOW + i / 100,
			.messages = 1 };

		if (sends.all.len < SENDS_MAX) {
			str_add_u64(&entry.name, (uint64_t)i);
			vec_push(&sends.all, entry);
		}
	}
	assert_true(sends_count(&sends, ANN, 1, NOW + 1000));
	assert_int_equal(sends.all.len, SENDS_MAX);
	assert_false(sends_count(&sends, ANN, 1, NOW + 1000));
	assert_false(sends_count(&sends, SPAN("9999"), 1, NOW + 1000));
	sends_free(&sends);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_strange_file),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
