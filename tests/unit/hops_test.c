/* hops_test.c - who may start a delivery to which next hop, and when. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "net/tcpto.h"

#include "../../src/send/backlog.c"
#include "../../src/send/hops.c"

#define LIMIT 20

static struct hop *
hold(struct hops *hops, const char *name)
{
	return hops_hold(hops, span_of(name), SPAN(""));
}

static struct hop *
start(struct hops *hops, const char *name)
{
	struct hop *hop = hold(hops, name);

	hops_start(hops, hop);
	hops_release(hops, hop);
	return hop;
}

static void
test_unknown_then_well(void **state)
{
	struct hops hops;
	struct hop *hop;

	(void)state;
	hops_init(&hops, LIMIT, 0);
	hop = hold(&hops, "Good.Test");
	assert_ptr_equal(hop, hold(&hops, "good.test"));
	for (int i = 0; i < HOPS_FIRST_ALLOWED; i++) {
		assert_int_equal(hops_ask(&hops, hop, 0), HOP_ADMIT);
		hops_start(&hops, hop);
	}
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_BLOCK);
	/* Each success doubles what it may have, up to the limit. */
	hops_end(&hops, hop, DELIVERY_HOP_WELL, 0);
	for (int i = 0; i < 6; i++)
		hops_start(&hops, hop);
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_BLOCK);
	hops_end(&hops, hop, DELIVERY_HOP_WELL, 0);
	for (int i = 0; i < 11; i++) {
		assert_int_equal(hops_ask(&hops, hop, 0), HOP_ADMIT);
		hops_start(&hops, hop);
	}
	assert_int_equal(hop->running, LIMIT);
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_BLOCK);
	hops_free(&hops);
}

static void
test_most(void **state)
{
	struct hops hops;
	struct hop *hop;

	(void)state;
	hops_init(&hops, LIMIT, 2);
	hop = hold(&hops, "good.test");
	for (int i = 0; i < 4; i++) {
		hops_start(&hops, hop);
		hops_end(&hops, hop, DELIVERY_HOP_WELL, 0);
	}
	hops_start(&hops, hop);
	hops_start(&hops, hop);
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_BLOCK);
	hops_set_limits(&hops, LIMIT, 3);
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_ADMIT);
	hops_free(&hops);
}

static int64_t
whole(int64_t wait)
{
	return wait + wait / HOPS_BACKOFF_MORE + HOPS_BACKOFF_ROUNDING;
}

/* From the first trouble on, for one minute, then two, up to an hour. */
static void
test_backoff(void **state)
{
	struct hops hops;
	struct hop *hop;
	int64_t now = 1000, wait = HOPS_BACKOFF_FIRST;
	uint32_t other = TCPTO_SHORTEST; /* of qmail-remote, without more */

	(void)state;
	hops_init(&hops, LIMIT, 0);
	hop = hold(&hops, "bad.test");
	for (int i = 0; i < 9; i++) {
		assert_int_equal(hops_ask(&hops, hop, now), HOP_ADMIT);
		hops_start(&hops, hop);
		if (i > 0) /* one probe at a time */
			assert_int_equal(hops_ask(&hops, hop, now), HOP_BLOCK);
		hops_end(&hops, hop, DELIVERY_HOP_TROUBLE, now);
		assert_int_equal(
		    hops_ask(&hops, hop, now + whole(wait) - 1), HOP_REFUSE);
		/* No probe while qmail-remote would not connect. */
		assert_int_equal(
		    hops_ask(&hops, hop,
			now + ((int64_t)other + other / 16) * 1000 + 999),
		    HOP_REFUSE);
		now += whole(wait);
		wait =
		    wait * 2 < HOPS_BACKOFF_LAST ? wait * 2 : HOPS_BACKOFF_LAST;
		other = other * 2 < TCPTO_LONGEST ? other * 2 : TCPTO_LONGEST;
	}
	assert_int_equal(wait, HOPS_BACKOFF_LAST);
	/* It is back: no trouble counts any more. */
	hops_start(&hops, hop);
	hops_end(&hops, hop, DELIVERY_HOP_WELL, now);
	hops_start(&hops, hop);
	hops_end(&hops, hop, DELIVERY_HOP_TROUBLE, now);
	assert_int_equal(
	    hops_ask(&hops, hop, now + whole(HOPS_BACKOFF_FIRST) - 1),
	    HOP_REFUSE);
	assert_int_equal(
	    hops_ask(&hops, hop, now + whole(HOPS_BACKOFF_FIRST)), HOP_ADMIT);
	hops_free(&hops);
}

/* Several that ran at once are one trouble; what is not told changes nothing. */
static void
test_one_trouble(void **state)
{
	struct hops hops;
	struct hop *hop;

	(void)state;
	hops_init(&hops, LIMIT, 0);
	hop = hold(&hops, "bad.test");
	for (int i = 0; i < 5; i++)
		hops_start(&hops, hop);
	hops_end(&hops, hop, DELIVERY_HOP_UNTOLD, 0);
	assert_int_equal(hop->state, HOP_UNKNOWN);
	for (int i = 0; i < 4; i++)
		hops_end(&hops, hop, DELIVERY_HOP_TROUBLE, i);
	assert_int_equal(hop->troubles, 1);
	hops_forget_troubles(&hops);
	assert_int_equal(hops_ask(&hops, hop, 5), HOP_ADMIT);
	hops_free(&hops);
}

/* One of many to a good one that breaks: fewer, but not none. */
static void
test_good_one_slows_down(void **state)
{
	struct hops hops;
	struct hop *hop;

	(void)state;
	hops_init(&hops, LIMIT, 0);
	hop = hold(&hops, "good.test");
	hops_start(&hops, hop);
	hops_end(&hops, hop, DELIVERY_HOP_WELL, 0);
	hops_start(&hops, hop);
	hops_start(&hops, hop);
	hops_end(&hops, hop, DELIVERY_HOP_TROUBLE, 0);
	assert_int_equal(hop->state, HOP_WELL);
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_BLOCK);
	hops_end(&hops, hop, DELIVERY_HOP_WELL, 0);
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_ADMIT);
	hops_start(&hops, hop);
	hops_end(&hops, hop, DELIVERY_HOP_TROUBLE, 0);
	assert_int_equal(hop->state, HOP_TROUBLE);
	hops_free(&hops);
}

/* Half of the slots for those that are unknown, a quarter for those in
 * trouble; a good one gets in beside them. */
static void
test_shares(void **state)
{
	struct hops hops;
	struct hop *good, *hop;
	char name[32];

	(void)state;
	hops_init(&hops, LIMIT, 0);
	for (int i = 0; i < LIMIT / 2; i++) {
		(void)snprintf(name, sizeof(name), "u%d.test", i);
		hop = hold(&hops, name);
		assert_int_equal(hops_ask(&hops, hop, 0), HOP_ADMIT);
		hops_start(&hops, hop);
		hops_release(&hops, hop);
	}
	hop = hold(&hops, "one.more.test");
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_BLOCK);
	for (int i = 0; i < LIMIT / 4; i++) {
		(void)snprintf(name, sizeof(name), "t%d.test", i);
		hop = start(&hops, name);
		hops_end(&hops, hop, DELIVERY_HOP_TROUBLE, 0);
		hop = hold(&hops, name);
		assert_int_equal(
		    hops_ask(&hops, hop, whole(HOPS_BACKOFF_FIRST)), HOP_ADMIT);
		hops_start(&hops, hop);
	}
	hop = start(&hops, "t.more.test");
	hops_end(&hops, hop, DELIVERY_HOP_TROUBLE, 0);
	hop = hold(&hops, "t.more.test");
	assert_int_equal(
	    hops_ask(&hops, hop, whole(HOPS_BACKOFF_FIRST)), HOP_BLOCK);
	good = start(&hops, "good.test");
	hops_end(&hops, good, DELIVERY_HOP_WELL, 0);
	good = hold(&hops, "good.test");
	assert_int_equal(hops_ask(&hops, good, 0), HOP_ADMIT);
	/* A trouble makes room among the unknown ones. */
	hops_end(&hops, hold(&hops, "u0.test"), DELIVERY_HOP_TROUBLE, 0);
	assert_int_equal(
	    hops_ask(&hops, hold(&hops, "one.more.test"), 0), HOP_ADMIT);
	/* Few slots are not divided. */
	hops_free(&hops);
	hops_set_limits(&hops, 3, 0);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "u%d.test", i);
		hop = hold(&hops, name);
		assert_int_equal(hops_ask(&hops, hop, 0), HOP_ADMIT);
		hops_start(&hops, hop);
	}
	hops_free(&hops);
}

static uint64_t
next(struct hops *hops)
{
	struct backlog_entry entry;
	struct hop *hop;

	if (!hops_next_ready(hops, &entry, &hop))
		return 0;
	hops_release(hops, hop);
	return entry.number;
}

static void
block(struct hops *hops, struct hop *hop, uint64_t number, bool is_fresh)
{
	hops_block(hops, hop, backlog_entry(number, 0, 0), is_fresh);
}

static void
test_blocked(void **state)
{
	struct hops hops;
	struct hop *hop;

	(void)state;
	hops_init(&hops, LIMIT, 1);
	hop = hold(&hops, "good.test");
	hops_start(&hops, hop);
	for (uint64_t i = 1; i <= 3; i++)
		block(&hops, hop, i, true);
	block(&hops, hop, 3, true);	  /* it is there already */
	assert_int_equal(next(&hops), 0); /* no room */
	hops_end(&hops, hop, DELIVERY_HOP_WELL, 0);
	assert_true(hops_is_ready(&hops));
	assert_int_equal(next(&hops), 3);
	hops_start(&hops, hop);
	assert_false(hops_is_ready(&hops));
	/* Trouble: the others are given back, to be deferred. */
	hops_end(&hops, hop, DELIVERY_HOP_TROUBLE, 0);
	assert_int_equal(hops_ask(&hops, hop, 0), HOP_REFUSE);
	assert_int_equal(next(&hops), 2);
	assert_int_equal(next(&hops), 1);
	assert_int_equal(next(&hops), 0);
	hops_free(&hops);
}

/* The newest message of an unknown hop is first, wherever it goes. */
static void
test_newest_first(void **state)
{
	struct hops hops;
	char name[32];

	(void)state;
	hops_init(&hops, 4, 0);
	(void)start(&hops, "a.test");
	(void)start(&hops, "b.test");
	for (uint64_t i = 1; i <= 5; i++) {
		(void)snprintf(name, sizeof(name), "u%d.test", (int)i);
		block(&hops, hold(&hops, name), i, true);
	}
	assert_int_equal(next(&hops), 0);
	hops_end(&hops, hold(&hops, "a.test"), DELIVERY_HOP_UNTOLD, 0);
	assert_int_equal(next(&hops), 5);
	assert_int_equal(next(&hops), 4);
	block(&hops, hold(&hops, "u9.test"), 9, true);
	assert_int_equal(next(&hops), 9);
	hops_free(&hops);
}

/* A long backlog of good hops leaves room for the unknown ones. */
static void
test_states_in_turn(void **state)
{
	struct hops hops;
	struct hop *good, *unknown;
	unsigned of_unknown = 0;

	(void)state;
	hops_init(&hops, LIMIT, 0);
	good = start(&hops, "good.test");
	hops_end(&hops, good, DELIVERY_HOP_WELL, 0);
	good = hold(&hops, "good.test");
	unknown = hold(&hops, "unknown.test");
	for (uint64_t i = 1; i <= 100; i++) {
		block(&hops, good, i, true);
		block(&hops, unknown, 1000 + i, true);
	}
	for (int i = 0; i < 20; i++)
		of_unknown += next(&hops) > 1000;
	assert_int_equal(of_unknown, 10);
	hops_free(&hops);
}

/* Any number of hops; what is not used is forgotten, the oldest first. */
static void
test_many(void **state)
{
	struct hops hops;
	char name[32];

	(void)state;
	hops_init(&hops, LIMIT, 0);
	for (int i = 0; i < HOPS_KEPT + 10; i++) {
		(void)snprintf(name, sizeof(name), "t%d.test", i);
		hops_end(&hops, start(&hops, name), DELIVERY_HOP_TROUBLE, 0);
	}
	assert_int_equal(hops.count, HOPS_KEPT);
	assert_int_equal(hops_ask(&hops, hold(&hops, "t0.test"), 0), HOP_ADMIT);
	assert_int_equal(
	    hops_ask(&hops, hold(&hops, "t10.test"), 0), HOP_REFUSE);
	/* Of an unknown one nothing is to be remembered. */
	hops_release(&hops, hold(&hops, "new.test"));
	assert_int_equal(hops.count, HOPS_KEPT + 1); /* t0 is held */
	hops_free(&hops);
}

static void
test_backlog(void **state)
{
	struct backlog backlog = { .first = 0 };
	uint64_t sum = 0;

	(void)state;
	for (uint64_t i = 1; i <= 5000; i++)
		backlog_add(&backlog, backlog_entry(i, 0, 0));
	assert_true(backlog_has(&backlog, 4000));
	assert_false(backlog_has(&backlog, 5001));
	for (uint64_t i = 0; i < 7; i++)
		assert_int_equal(backlog_take(&backlog).number, 5000 - i);
	assert_int_equal(backlog_take(&backlog).number, 1);
	while (!backlog_is_empty(&backlog))
		sum += backlog_take(&backlog).number;
	assert_int_equal(sum,
	    5000ull * 5001 / 2 - 1 -
		(5000 + 4999 + 4998 + 4997 + 4996 + 4995 + 4994));
}

/* A hop that is known, and idle. */
static struct hop *
know(struct hops *hops, const char *name)
{
	struct hop *hop = start(hops, name);

	hops_end(hops, hop, DELIVERY_HOP_WELL, 0);
	return hop;
}

static bool
is_seven(void *context, uint64_t number)
{
	(void)context;
	return number == 7;
}

/* Whoever is kept for his message stays in line. */
static void
test_forget_blocked(void **state)
{
	struct backlog_entry entry;
	struct hops hops;
	struct hop *hop;

	(void)state;
	hops_init(&hops, LIMIT, 0);
	hop = hold(&hops, "a.test");
	for (uint64_t i = 6; i < 9; i++)
		hops_block(&hops, hop, backlog_entry(i, 0, 0), true);
	hops_release(&hops, hop);
	hop = hold(&hops, "b.test");
	hops_block(&hops, hop, backlog_entry(8, 0, 0), true);
	hops_release(&hops, hop);
	hops_forget_blocked(&hops, is_seven, NULL);
	assert_int_equal(hops.count, 1);
	assert_true(hops_next_ready(&hops, &entry, &hop));
	assert_int_equal(entry.number, 7);
	hops_release(&hops, hop);
	assert_false(hops_is_ready(&hops));
	assert_int_equal(hops.count, 0);
	hops_free(&hops);
}

/* The one that goes since there are too many may be any of them. */
static void
test_forget_blocked_of_many(void **state)
{
	struct hops hops;
	struct hop *oldest, *hop;
	char name[32];
	int i;

	(void)state;
	hops_init(&hops, LIMIT, 0);
	for (i = 0; i < HOPS_KEPT; i++) {
		(void)snprintf(name, sizeof(name), "d%d.test", i);
		(void)know(&hops, name);
	}
	/* The table does not grow any more from here on. */
	hops_release(&hops, hold(&hops, "more.test"));
	while (*bucket_of(&hops, str_span(&hops.idle.first->name)) !=
	    hops.idle.first)
		hops_release(&hops, hold(&hops, str_z(&hops.idle.first->name)));
	oldest = hops.idle.first;
	do
		(void)snprintf(name, sizeof(name), "d%d.test", i++);
	while (*bucket_of(&hops, span_of(name)) != oldest);
	hop = start(&hops, name);
	hops_block(&hops, hop, backlog_entry(1, 0, 0), true);
	hops_end(&hops, hop, DELIVERY_HOP_WELL, 0);
	assert_ptr_equal(hop->next_in_bucket, oldest);
	hops_forget_blocked(&hops, is_seven, NULL);
	assert_int_equal(hops.count, HOPS_KEPT);
	assert_ptr_equal(find(&hops, span_of(name)), hop);
	assert_ptr_not_equal(hops.idle.first, hop);
	hops_free(&hops);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_then_well),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_one_trouble),
		cmocka_unit_test(test_good_one_slows_down),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_newest_first),
		cmocka_unit_test(test_states_in_turn),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_backlog),
		cmocka_unit_test(test_forget_blocked),
		cmocka_unit_test(test_forget_blocked_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
