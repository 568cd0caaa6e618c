/* greytable_test.c - who is forgotten when a bucket is full. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/users/greytable.h"

/* One bucket. */
#undef GREYTABLE_ENTRIES
#define GREYTABLE_ENTRIES 8u
#undef GREYTABLE_MANY
#define GREYTABLE_MANY 8u
#include "../../src/users/greytable.c"
#include "scratch.h"

static struct greytable table;
static uint32_t now = 100;

/* Looks one up that comes from there; keeps it if it is new.  Returns whether it is. */
static bool
ask(const char *word, const char *network, const char *client)
{
	struct span words[1] = { span_of(word) };
	struct greytable_origin origin = { span_of(network), span_of(client) };
	struct greytable_entry entry;

	assert_int_equal(greytable_find(&table, words, 1, &origin, &entry), 0);
	if (entry.first)
		return false;
	entry.first = entry.last = now++;
	assert_int_equal(greytable_put(&table, &entry), 0);
	return true;
}

/* Whether it is known; changes nothing. */
static bool
is_known(const char *word)
{
	struct span words[1] = { span_of(word) };
	struct greytable_origin origin = { SPAN("x"), SPAN("x") };
	struct greytable_entry entry;

	assert_int_equal(greytable_find(&table, words, 1, &origin, &entry), 0);
	return entry.first != 0;
}

static int
begin_one(void **state)
{
	(void)state;
	(void)unlink("table");
	return greytable_open(&table, "table", GREYTABLE_MANY);
}

static int
end_one(void **state)
{
	(void)state;
	greytable_close(&table);
	return 0;
}

static void
fill(void)
{
	assert_true(ask("d1", "M", "d"));
	assert_true(ask("d2", "M", "d"));
	assert_true(ask("d3", "M", "d"));
	assert_true(ask("c1", "N", "c"));
	assert_true(ask("c2", "N", "c"));
	assert_true(ask("a1", "N", "a"));
	assert_true(ask("a2", "N", "a"));
	assert_true(ask("e1", "L", "e"));
	assert_false(ask("e1", "L", "e"));
}

static int
count_known(const char *letter)
{
	char word[20];
	int count = 0;

	for (int i = 1; i <= 3; i++) {
		snprintf(word, sizeof(word), "%s%d", letter, i);
		count += is_known(word);
	}
	return count;
}

/* One of the client that has the most, in the network that has the most. */
static void
test_who_goes(void **state)
{
	(void)state;
	fill();
	assert_true(ask("f1", "K", "f"));
	assert_int_equal(count_known("a") + count_known("c"), 3);
	assert_int_equal(count_known("d"), 3);
	/* Two networks with three: the client with three. */
	assert_true(ask("g1", "J", "g"));
	assert_int_equal(count_known("a") + count_known("c"), 3);
	assert_int_equal(count_known("d"), 2);
}

static void
test_a_flood_of_one(void **state)
{
	char word[20];

	(void)state;
	fill();
	for (int i = 0; i < 100; i++) {
		snprintf(word, sizeof(word), "x%d", i);
		assert_true(ask(word, "N", "a"));
	}
	assert_true(count_known("c") > 0 && count_known("d") == 3);
	assert_true(is_known("e1") && is_known("x99"));
}

/* All of a client that has more than there is room for get through, also when it comes
 * again with them in the same order. */
static void
test_more_than_room(void **state)
{
	bool is_through[3 * GREYTABLE_MANY] = { false };
	struct greytable_entry none = { .key = 0 };
	size_t through = 0;
	char word[20];

	(void)state;
	for (int turn = 0; through < 3 * GREYTABLE_MANY; turn++) {
		assert_true(turn < 1000);
		for (int i = 0; i < 3 * (int)GREYTABLE_MANY; i++) {
			snprintf(word, sizeof(word), "x%d", i);
			if (is_through[i] || ask(word, "N", "a"))
				continue;
			assert_int_equal(greytable_put(&table, &none), 0);
			is_through[i] = true;
			through++;
		}
	}
}

static void
test_free_places(void **state)
{
	struct greytable_entry none = { .key = 0 };

	(void)state;
	fill();
	assert_true(is_known("d2"));
	assert_int_equal(greytable_put(&table, &none), 0);
	assert_false(is_known("d2"));
	assert_true(ask("f1", "K", "f"));
	assert_int_equal(count_known("a") + count_known("c"), 4);
	assert_true(is_known("d1") && is_known("f1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_who_goes, begin_one, end_one),
		cmocka_unit_test_setup_teardown(
		    test_a_flood_of_one, begin_one, end_one),
		cmocka_unit_test_setup_teardown(
		    test_more_than_room, begin_one, end_one),
		cmocka_unit_test_setup_teardown(
		    test_free_places, begin_one, end_one),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
