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

#define OF_ADDRESS (-1)
#define OF_NAME	   (-2)

/* One that begins when its turn is, or is sent away; of those that count as failed
 * till they end. */
static int64_t
begin(struct tries *tries, struct span address, struct span name, int64_t now)
{
	struct tries_lines lines = tries_lines(tries, address, name);
	struct tries_turn here = tries_turn_of_address(tries, &lines, now);
	struct tries_turn named = tries_turn_of_name(tries, &lines, now);
	int64_t at = here.at > named.at ? here.at : named.at;

	if (named.at_best - now > TRIES_WAIT_MAX)
		return OF_NAME;
	if (here.at_best - now > TRIES_WAIT_MAX)
		return OF_ADDRESS;
	tries_begin(tries, &lines, false, at);
	return at;
}

static void
end(struct tries *tries, struct span address, struct span name,
    enum tries_outcome outcome, int64_t now)
{
	struct tries_lines lines = tries_lines(tries, address, name);

	tries_end(tries, &lines, false, outcome, now);
}

/* So many wrong passwords, one after the other; when the next may begin. */
static int64_t
try_wrong(struct tries *tries, struct span address, struct span name, int count,
    int64_t now)
{
	while (count--) {
		int64_t start = begin(tries, address, name, now);

		assert_true(start >= now);
		now = start;
		end(tries, address, name, TRIES_WRONG, now);
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
	/* Others do not wait. */
	assert_int_equal(begin(tries, HERE, SPAN("bob"), NOW + S), NOW + S);
	assert_int_equal(begin(tries, HERE, ANN, NOW + 1 * S), NOW + 3 * S);
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

/* From however many addresses, a name is guessed 6 times a minute. */
static void
test_rate_of_a_name(void **state)
{
	struct tries *tries = fresh(TRIES_FREE);
	int64_t now = NOW;
	int count = 0;

	(void)state;
	for (; now < NOW + 60 * MINUTE; count++) {
		struct str address = STR_INIT;

		str_add_z(&address, "10.0.");
		str_add_u64(&address, (uint64_t)count / 256);
		str_add_byte(&address, '.');
		str_add_u64(&address, (uint64_t)count % 256);
		now = begin(tries, str_span(&address), ANN, now);
		assert_true(now >= NOW);
		str_free(&address);
	}
	assert_in_range(count, 350, 6 * 60 + TRIES_FREE + 5);
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
		start = begin(tries, HERE, str_span(&name), NOW);
		str_free(&name);
		if (start < 0)
			continue;
		assert_true(start >= last && start <= NOW + TRIES_WAIT_MAX);
		last = start;
		taken++;
	}
	/* Three at once, then after 1, 3, 7 and 15 seconds. */
	assert_int_equal(taken, 7);
	assert_int_equal(begin(tries, THERE, ANN, NOW), NOW);
	free(tries);
}

static void
test_forgetting(void **state)
{
	struct tries *tries = fresh(2);

	(void)state;
	(void)try_wrong(tries, HERE, ANN, 2, NOW);
	/* One is forgotten in a minute, all in two. */
	assert_int_equal(begin(tries, THERE, ANN, NOW + MINUTE), NOW + MINUTE);
	assert_int_equal(begin(tries, THERE, ANN, NOW + MINUTE), NOW + MINUTE);
	assert_int_equal(
	    begin(tries, THERE, ANN, NOW + MINUTE), NOW + MINUTE + S);
	assert_int_equal(
	    begin(tries, THERE, ANN, NOW + 9 * MINUTE), NOW + 9 * MINUTE);
	free(tries);
}

static void
test_what_is_right_does_not_count(void **state)
{
	struct tries *tries = fresh(1);

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(begin(tries, HERE, ANN, NOW), NOW);
		end(tries, HERE, ANN, i % 2 ? TRIES_RIGHT : TRIES_UNKNOWN, NOW);
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
	assert_int_equal(begin(tries, HERE, ANN, NOW), NOW);
	end(tries, HERE, ANN, TRIES_RIGHT, NOW);
	now = try_wrong(tries, THERE, ANN, 4, NOW);
	assert_true(now > NOW);
	assert_int_equal(begin(tries, HERE, ANN, NOW), NOW);
	end(tries, HERE, ANN, TRIES_RIGHT, NOW);
	/* It is the name from there, not the address. */
	assert_true(begin(tries, SPAN("192.0.2.3"), ANN, NOW) > NOW);
	/* And its tries count for the address still. */
	now = try_wrong(tries, HERE, ANN, 6, NOW);
	assert_true(now > NOW);
	assert_true(begin(tries, HERE, SPAN("bob"), NOW) != NOW);
	free(tries);
}

/* Nor does guessing other names from where the owner is. */
static void
test_known_owner_among_others(void **state)
{
	struct tries *tries = fresh(1);

	(void)state;
	assert_int_equal(begin(tries, HERE, ANN, NOW), NOW);
	end(tries, HERE, ANN, TRIES_RIGHT, NOW);
	for (int i = 0; i < 20; i++)
		(void)begin(
		    tries, HERE, span_make("abcdefghijklmnopqrst" + i, 1), NOW);
	assert_int_equal(begin(tries, HERE, SPAN("bob"), NOW), OF_ADDRESS);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(begin(tries, HERE, ANN, NOW), NOW);
		end(tries, HERE, ANN, TRIES_RIGHT, NOW);
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

		assert_int_equal(begin(tries, here, ANN, NOW), NOW);
		end(tries, here, ANN, TRIES_RIGHT, NOW);
		now = try_wrong(tries, here, ANN, 4, NOW);
		assert_int_equal(now, NOW + 1 * S);
		assert_int_equal(begin(tries, here, ANN, now), now + 2 * S);
		/* What is right does not count; minutes take tries off. */
		end(tries, here, ANN, TRIES_RIGHT, now);
		now += 9 * MINUTE;
		for (int n = 0; n < 2; n++)
			assert_int_equal(begin(tries, here, ANN, now), now);
		assert_int_equal(begin(tries, here, ANN, now), now);
		assert_int_equal(begin(tries, here, ANN, now), now + 1 * S);
		free(tries);
	}
}

/* An address where all come at once, with the right password. */
static void
test_right_ones_together(void **state)
{
	struct tries *tries = fresh(1);
	struct tries_lines lines[50];
	struct tries_turn turn;

	(void)state;
	for (size_t i = 0; i < 50; i++) {
		const char name[] = { (char)('a' + i % 26),
			(char)('0' + i / 26), 0 };

		lines[i] = tries_lines(tries, HERE, span_of(name));
		turn = tries_turn_of_address(tries, &lines[i], NOW);
		/* Three at once; the next when one of them has ended. */
		assert_int_equal(turn.at, i < 3 ? NOW : NOW + S);
		assert_int_equal(turn.at_best, NOW);
		assert_false(turn.is_guessed);
		if (i >= 3) {
			tries_end(tries, &lines[i - 3], true, TRIES_RIGHT, NOW);
			turn = tries_turn_of_address(tries, &lines[i], NOW);
			assert_int_equal(turn.at, NOW);
		}
		tries_begin(tries, &lines[i], true, NOW);
	}
	for (size_t i = 47; i < 50; i++)
		tries_end(tries, &lines[i], true, TRIES_UNKNOWN, NOW);
	/* Nothing is left of them: all is as if nobody had been there. */
	assert_int_equal(try_wrong(tries, HERE, SPAN("bob"), 2, NOW), NOW);
	free(tries);
}

/* What is right takes back its own gap, not that of what was wrong meanwhile. */
static void
test_right_among_wrong(void **state)
{
	struct tries *tries = fresh(1), *other = fresh(1);
	struct tries_lines right[3];
	int64_t now = NOW;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		right[i] = tries_lines(tries, HERE, span_make("xyz" + i, 1));
		tries_begin(tries, &right[i], true, NOW);
	}
	now = try_wrong(tries, HERE, SPAN("a"), 1, NOW);
	now = try_wrong(tries, HERE, SPAN("b"), 1, now);
	assert_int_equal(now, NOW + 1 * S + 2 * S);
	for (size_t i = 0; i < 3; i++)
		tries_end(tries, &right[i], true, TRIES_RIGHT, now);
	(void)try_wrong(other, HERE, SPAN("a"), 1, NOW);
	(void)try_wrong(other, HERE, SPAN("b"), 1, now);
	assert_int_equal(try_wrong(tries, HERE, SPAN("c"), 5, now),
	    try_wrong(other, HERE, SPAN("c"), 5, now));
	free(tries);
	free(other);
}

/* Guesses that run at once count before anybody knows that they are wrong, and
 * minutes take nothing off while they do. */
static void
test_open_ones_count(void **state)
{
	struct tries *tries = fresh(2);
	struct tries_lines lines = tries_lines(tries, HERE, ANN);
	struct tries_turn turn;

	(void)state;
	for (int i = 0; i < 3; i++)
		tries_begin(tries, &lines, true, NOW);
	turn = tries_turn_of_name(tries, &lines, NOW);
	assert_int_equal(turn.at, NOW + S);
	assert_false(turn.is_guessed);
	for (int i = 0; i < 3; i++)
		tries_end(tries, &lines, true, TRIES_WRONG, NOW + 500);
	turn = tries_turn_of_name(tries, &lines, NOW + 500);
	assert_int_equal(turn.at, NOW + S);
	assert_int_equal(turn.at_best, NOW + S);
	assert_true(turn.is_guessed);
	tries_begin(tries, &lines, true, NOW + S);
	turn = tries_turn_of_name(tries, &lines, NOW + S);
	assert_int_equal(turn.at, NOW + 3 * S);
	assert_int_equal(turn.at_best, NOW + S);
	/* The three are forgotten by then, but not the one that runs. */
	tries_end(tries, &lines, true, TRIES_WRONG, NOW + 5 * MINUTE);
	assert_int_equal(
	    try_wrong(tries, HERE, ANN, 2, NOW + 5 * MINUTE), NOW + 5 * MINUTE);
	assert_int_equal(
	    begin(tries, HERE, ANN, NOW + 5 * MINUTE), NOW + 5 * MINUTE + S);
	free(tries);
}

/* A name that becomes known while it is tried leaves nothing where it was not. */
static void
test_known_meanwhile(void **state)
{
	struct tries *tries = fresh(1);
	struct tries_lines lines[5];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		lines[i] = tries_lines(tries, SPAN("127.0.0.1"), ANN);
		tries_begin(tries, &lines[i], true, NOW);
	}
	for (size_t i = 0; i < 5; i++)
		tries_end(tries, &lines[i], true, TRIES_RIGHT, NOW);
	assert_true(tries_lines(tries, SPAN("127.0.0.1"), ANN).is_own);
	assert_int_equal(try_wrong(tries, THERE, ANN, 2, NOW), NOW);
	free(tries);
}

static bool
has_failed(struct tries *tries, struct span address, int64_t now)
{
	struct tries_lines lines = tries_lines(tries, address, SPAN("x"));

	return tries_has_failed(tries, &lines, now);
}

/* An address that has failed is told from others, until minutes have taken all off. */
static void
test_who_has_failed(void **state)
{
	struct tries *tries = fresh(2);
	struct tries_lines lines = tries_lines(tries, HERE, ANN);

	(void)state;
	assert_false(has_failed(tries, HERE, NOW));
	tries_begin(tries, &lines, true, NOW);
	assert_false(has_failed(tries, HERE, NOW));
	tries_end(tries, &lines, true, TRIES_WRONG, NOW);
	assert_true(has_failed(tries, HERE, NOW));
	assert_false(has_failed(tries, THERE, NOW));
	assert_true(has_failed(tries, HERE, NOW + MINUTE - 1));
	assert_false(has_failed(tries, HERE, NOW + MINUTE));
	/* Those of which nobody may ever tell, and a name that is known there. */
	tries_begin(tries, &lines, false, NOW + MINUTE);
	assert_true(has_failed(tries, HERE, NOW + MINUTE));
	tries_end(tries, &lines, false, TRIES_RIGHT, NOW + MINUTE);
	assert_false(has_failed(tries, HERE, NOW + MINUTE));
	try_wrong(tries, HERE, SPAN("bob"), 1, NOW + MINUTE);
	assert_true(has_failed(tries, HERE, NOW + MINUTE));
	lines = tries_lines(tries, HERE, ANN);
	assert_false(tries_has_failed(tries, &lines, NOW + MINUTE));
	/* Where the clients of a webmail server are. */
	try_wrong(tries, SPAN("::1"), SPAN("bob"), 2, NOW + MINUTE);
	assert_false(has_failed(tries, SPAN("::1"), NOW + MINUTE));
	free(tries);
}

/* As long as nobody has told, nobody is known to have guessed. */
static void
test_untold(void **state)
{
	struct tries *tries = fresh(1);
	struct tries_lines lines = tries_lines(tries, HERE, SPAN("z"));
	struct tries_turn turn;

	(void)state;
	for (int i = 0; i < 5; i++)
		(void)begin(tries, HERE, span_make("abcde" + i, 1), NOW);
	turn = tries_turn_of_address(tries, &lines, NOW);
	assert_true(turn.is_guessed && !turn.is_told);
	tries_begin(tries, &lines, true, NOW);
	assert_false(tries_turn_of_address(tries, &lines, NOW).is_told);
	tries_end(tries, &lines, true, TRIES_WRONG, NOW);
	assert_true(tries_turn_of_address(tries, &lines, NOW).is_told);
	end(tries, HERE, SPAN("a"), TRIES_RIGHT, NOW);
	assert_true(tries_turn_of_address(tries, &lines, NOW).is_told);
	/* What minutes have taken off excuses nothing. */
	(void)try_wrong(tries, HERE, SPAN("f"), 1, NOW + 10 * MINUTE);
	(void)try_wrong(tries, HERE, SPAN("g"), 1, NOW + 10 * MINUTE);
	(void)try_wrong(tries, HERE, SPAN("h"), 1, NOW + 10 * MINUTE);
	turn = tries_turn_of_address(tries, &lines, NOW + 10 * MINUTE);
	assert_true(turn.is_guessed && turn.is_told);
	free(tries);
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
			assert_int_equal(begin(tries, span_of(cases[i].one),
					     n == 0	  ? SPAN("a")
						 : n == 1 ? SPAN("b")
							  : SPAN("c"),
					     NOW),
			    NOW);
		assert_int_equal(
		    begin(tries, span_of(cases[i].other), ANN, NOW),
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
		assert_int_equal(
		    begin(tries, span_of(own[i % 4]), str_span(&name), NOW),
		    NOW);
		str_free(&name);
		assert_int_equal(begin(never, HERE, ANN, NOW), NOW);
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
		(void)begin(tries, SPAN("::1"), str_span(&name), NOW);
		str_free(&name);
	}
	assert_true(begin(tries, SPAN("::1"), ANN, now) > now);
	free(tries);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gaps_of_a_name),
		cmocka_unit_test(test_the_longest_gap),
		cmocka_unit_test(test_rate_of_a_name),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_forgetting),
		cmocka_unit_test(test_what_is_right_does_not_count),
		cmocka_unit_test(test_known_owner),
		cmocka_unit_test(test_known_owner_among_others),
		cmocka_unit_test(test_known_names_are_counted),
		cmocka_unit_test(test_right_ones_together),
		cmocka_unit_test(test_right_among_wrong),
		cmocka_unit_test(test_open_ones_count),
		cmocka_unit_test(test_known_meanwhile),
		cmocka_unit_test(test_who_has_failed),
		cmocka_unit_test(test_untold),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_not_counted),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
