/* trouble_test.c - when to try again what the system did not allow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/send/trouble.c"

/* The disk of these tests. */
static bool has_room = true;

bool
filesystem_has_room(const char *path)
{
	assert_string_equal(path, ".");
	return has_room;
}

static void
test_pauses(void **state)
{
	struct trouble trouble = { .is_on = false };
	int64_t now = 5000, pause = TROUBLE_FIRST;

	(void)state;
	assert_false(trouble_is_over(&trouble, now));
	assert_true(trouble_next(&trouble) == INT64_MAX);
	for (int i = 0; i < 10; i++) {
		trouble_note(&trouble, now);
		trouble_note(&trouble, now + 1); /* one pause for all */
		assert_true(trouble_next(&trouble) == now + pause);
		assert_false(trouble_is_over(&trouble, now + pause - 1));
		now += pause;
		assert_true(trouble_is_over(&trouble, now));
		assert_false(trouble_is_over(&trouble, now));
		pause = pause * 2 < TROUBLE_LAST ? pause * 2 : TROUBLE_LAST;
	}
	assert_true(pause == TROUBLE_LAST);
	/* After a long time without, it is a new one. */
	now += TROUBLE_LAST * 10;
	trouble_note(&trouble, now);
	assert_true(trouble_next(&trouble) == now + TROUBLE_FIRST);
}

/* Who hurries it again and again does not make it rare. */
static void
test_hurried(void **state)
{
	struct trouble trouble = { .is_on = false };

	(void)state;
	for (int64_t now = 1; now < 10; now++) {
		trouble_note(&trouble, now);
		assert_true(trouble_next(&trouble) == now + TROUBLE_FIRST);
		trouble_hurry(&trouble, now);
		assert_true(trouble_is_over(&trouble, now));
	}
}

static void
test_full_disk(void **state)
{
	struct trouble trouble = { .is_on = false };
	int64_t now = 0;

	(void)state;
	has_room = false;
	for (int i = 0; i < 8; i++) { /* the pauses get long */
		trouble_note(&trouble, now);
		now = trouble.next;
		assert_true(trouble_is_over(&trouble, now));
	}
	trouble_note(&trouble, now);
	assert_true(trouble_next(&trouble) == now + TROUBLE_LOOK);
	assert_false(trouble_is_over(&trouble, now + TROUBLE_LOOK));
	has_room = true;
	assert_false(trouble_is_over(&trouble, now + TROUBLE_LOOK + 1));
	assert_true(trouble_is_over(&trouble, now + 2 * TROUBLE_LOOK));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_hurried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
