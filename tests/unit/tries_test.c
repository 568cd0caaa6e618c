/* tries_test.c - when a name and a password may be tried. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/str.h"

#include "../../src/login/tries.c"

#define HERE   SPAN("192.0.2.1")
#define THERE  SPAN("192.0.2.2")
#define ANN    SPAN("ann")
#define NOW    1000000
#define S      1000
#define MINUTE (60 * S)

static struct tries *
fresh(uint64_t free_tries)
{
	struct tries *tries = calloc(1, sizeof(*tries));

	assert_non_null(tries);
	tries->seed = 17;
	tries->free = free_tries;
	return tries;
}

/* So many wrong passwords, one after the other; when the next may begin. */
static int64_t
try_wrong(struct tries *tries, struct span address, struct span name, int count,
    int64_t now)
{
	while (count--) {
		int64_t start = tries_begin(tries, address, name, now);

		assert_true(start >= now);
		now = start;
		tries_end(tries, address, name, TRIES_WRONG, now);
	}
	return now;
}

static void
test_gaps_of_a_name(void **state)
{
	struct tries *tries = fresh(2);
	int64_t now = try_wrong(tries, HERE, ANN, 3, NOW);

	(void)state;
	assert_int_equal(now, NOW);
	/* From anywhere, and whatever the letter case. */
	assert_int_equal(
	    try_wrong(tries, THERE, SPAN("Ann"), 1, now), NOW + 1 * S);
	assert_int_equal(
	    tries_begin(tries, HERE, ANN, NOW + 1 * S), NOW + 3 * S);
	/* Others do not wait. */
	assert_int_equal(
	    tries_begin(tries, HERE, SPAN("bob"), NOW + S), NOW + S);
	free(tries);
}

static void
test_the_longest_gap(void **state)
{
	struct tries *tries = fresh(1);
	int64_t now = NOW, last = now;

	(void)state;
	for (int i = 0; i < 40; i++) {
		last = now;
		now = try_wrong(tries, SPAN("127.0.0.1"), ANN, 1, now);
		assert_true(now - last <= TRIES_NAME_GAP);
	}
	assert_int_equal(now - last, TRIES_NAME_GAP);
	free(tries);
}

/* Who comes with many connections stands in line, and then is sent away. */
static void
test_at_once(void **state)
{
	struct tries *tries = fresh(1);
	int64_t last = 0;
	int taken = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct str name = STR_INIT;
		int64_t start;

		str_add_u64(&name, (uint64_t)i);
		start = tries_begin(tries, HERE, str_span(&name), NOW);
		str_free(&name);
		if (start < 0)
			continue;
		assert_true(start >= last && start <= NOW + TRIES_WAIT_MAX);
		last = start;
		taken++;
	}
	/* Three at once, then after 1, 3, 7 and 15 seconds. */
	assert_int_equal(taken, 7);
	assert_int_equal(tries_begin(tries, THERE, ANN, NOW), NOW);
	free(tries);
}

static void
test_forgetting(void **state)
{
	struct tries *tries = fresh(2);

	(void)state;
	(void)try_wrong(tries, HERE, ANN, 2, NOW);
	/* One is forgotten in a minute, all in two. */
	assert_int_equal(
	    tries_begin(tries, THERE, ANN, NOW + MINUTE), NOW + MINUTE);
	assert_int_equal(
	    tries_begin(tries, THERE, ANN, NOW + MINUTE), NOW + MINUTE);
	assert_int_equal(
	    tries_begin(tries, THERE, ANN, NOW + MINUTE), NOW + MINUTE + S);
	assert_int_equal(
	    tries_begin(tries, THERE, ANN, NOW + 9 * MINUTE), NOW + 9 * MINUTE);
	free(tries);
}

static void
test_what_is_right_does_not_count(void **state)
{
	struct tries *tries = fresh(1);

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(tries_begin(tries, HERE, ANN, NOW), NOW);
		tries_end(
		    tries, HERE, ANN, i % 2 ? TRIES_RIGHT : TRIES_UNKNOWN, NOW);
	}
	free(tries);
}

/* Guessing from elsewhere does not lock out who was here before. */
static void
test_known_owner(void **state)
{
	struct tries *tries = fresh(1);
	int64_t now;

	(void)state;
	assert_int_equal(tries_begin(tries, HERE, ANN, NOW), NOW);
	tries_end(tries, HERE, ANN, TRIES_RIGHT, NOW);
	now = try_wrong(tries, THERE, ANN, 4, NOW);
	assert_true(now > NOW);
	assert_int_equal(tries_begin(tries, HERE, ANN, NOW), NOW);
	tries_end(tries, HERE, ANN, TRIES_RIGHT, NOW);
	/* It is the name from there, not the address. */
	assert_true(tries_begin(tries, SPAN("192.0.2.3"), ANN, NOW) > NOW);
	/* And its tries count for the address still. */
	now = try_wrong(tries, HERE, ANN, 6, NOW);
	assert_true(now > NOW);
	assert_true(tries_begin(tries, HERE, SPAN("bob"), NOW) != NOW);
	free(tries);
}

/* Nor does guessing other names from where the owner is. */
static void
test_known_owner_among_others(void **state)
{
	struct tries *tries = fresh(1);

	(void)state;
	assert_int_equal(tries_begin(tries, HERE, ANN, NOW), NOW);
	tries_end(tries, HERE, ANN, TRIES_RIGHT, NOW);
	for (int i = 0; i < 20; i++)
		(void)tries_begin(
		    tries, HERE, span_make("abcdefghijklmnopqrst" + i, 1), NOW);
	assert_int_equal(
	    tries_begin(tries, HERE, SPAN("bob"), NOW), TRIES_OF_ADDRESS);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(tries_begin(tries, HERE, ANN, NOW), NOW);
		tries_end(tries, HERE, ANN, TRIES_RIGHT, NOW);
	}
	free(tries);
}

/* Where a name was right it is guessed no faster than elsewhere, not even where
 * the address does not count. */
static void
test_known_names_are_counted(void **state)
{
	static const char *const addresses[] = { "192.0.2.1", "127.0.0.1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tries *tries = fresh(2);
		struct span here = span_of(addresses[i]);
		int64_t now;

		assert_int_equal(tries_begin(tries, here, ANN, NOW), NOW);
		tries_end(tries, here, ANN, TRIES_RIGHT, NOW);
		now = try_wrong(tries, here, ANN, 4, NOW);
		assert_int_equal(now, NOW + 1 * S);
		assert_int_equal(
		    tries_begin(tries, here, ANN, now), now + 2 * S);
		/* What is right does not count; minutes take tries off. */
		tries_end(tries, here, ANN, TRIES_RIGHT, now);
		now += 9 * MINUTE;
		for (int n = 0; n < 2; n++)
			assert_int_equal(
			    tries_begin(tries, here, ANN, now), now);
		assert_int_equal(tries_begin(tries, here, ANN, now), now);
		assert_int_equal(
		    tries_begin(tries, here, ANN, now), now + 1 * S);
		free(tries);
	}
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *one, *other;
		bool is_same;
	} cases[] = {
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.3", false },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", false },
		{ "unknown", "unknown", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tries *tries = fresh(1);

		for (int n = 0; n < 3; n++)
			assert_int_equal(
			    tries_begin(tries, span_of(cases[i].one),
				n == 0	     ? SPAN("a")
				    : n == 1 ? SPAN("b")
					     : SPAN("c"),
				NOW),
			    NOW);
		assert_int_equal(
		    tries_begin(tries, span_of(cases[i].other), ANN, NOW),
		    cases[i].is_same ? NOW + S : NOW);
		free(tries);
	}
}

static void
test_not_counted(void **state)
{
	struct tries *tries = fresh(1), *never = fresh(0);
	static const char *const own[] = { "127.0.0.1", "127.1.2.3", "::1",
		"::ffff:127.0.0.1" };

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct str name = STR_INIT;

		str_add_u64(&name, (uint64_t)i);
		assert_int_equal(tries_begin(tries, span_of(own[i % 4]),
				     str_span(&name), NOW),
		    NOW);
		str_free(&name);
		assert_int_equal(tries_begin(never, HERE, ANN, NOW), NOW);
	}
	free(tries);
	free(never);
}

/* However many there are, who was tried most is remembered. */
static void
test_bounded(void **state)
{
	struct tries *tries = fresh(1);
	int64_t now = try_wrong(tries, SPAN("::1"), ANN, 4, NOW);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct str name = STR_INIT;

		str_add_u64(&name, (uint64_t)i);
		(void)tries_begin(tries, SPAN("::1"), str_span(&name), NOW);
		str_free(&name);
	}
	assert_true(tries_begin(tries, SPAN("::1"), ANN, now) > now);
	free(tries);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gaps_of_a_name),
		cmocka_unit_test(test_the_longest_gap),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_forgetting),
		cmocka_unit_test(test_what_is_right_does_not_count),
		cmocka_unit_test(test_known_owner),
		cmocka_unit_test(test_known_owner_among_others),
		cmocka_unit_test(test_known_names_are_counted),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_not_counted),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
