/* peers_test.c - words of the peers of qmail-send: what each means, and that
 * nothing which answers no order is believed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/send/links.c"
#include "../../src/send/arrivals.c"
#define kind_of cleaning_kind_of
#include "../../src/send/cleaning.c"
#undef kind_of
#include "../../src/send/scribing.c"

static void
test_scribe(void **state)
{
	struct scribing scribing = { .link = { .fd = -1 } };
	struct job job = { .number = 8 };
	struct event event;

	(void)state;
	assert_int_equal(
	    scribing_read_event(&scribing, SPAN("a7\0C1\0"), &event),
	    -1); /* nothing was ordered */
	scribing_record(&scribing, 7, CHANNEL_REMOTE, SPAN("text"));
	scribing_inject(&scribing, &job, SPAN(""));
	assert_int_equal(scribing.orders, 2);
	assert_int_equal(
	    scribing_read_event(&scribing, SPAN("a7\0C2\0"), &event), -1);
	assert_int_equal(
	    scribing_read_event(&scribing, SPAN("x7\0"), &event), -1);
	assert_int_equal(
	    scribing_read_event(&scribing, SPAN("i0\0Q1\0"), &event), -1);
	assert_int_equal(
	    scribing_read_event(&scribing, SPAN("f7\0C1\0"), &event), 0);
	assert_int_equal(event.kind, EVENT_NOT_RECORDED);
	assert_int_equal(event.number, 7);
	assert_int_equal(event.channel, CHANNEL_REMOTE);
	assert_int_equal(
	    scribing_read_event(&scribing, SPAN("i8\0Q99\0"), &event), 0);
	assert_int_equal(event.kind, EVENT_QUEUED);
	assert_int_equal(event.qp, 99);
	assert_int_equal(scribing.orders, 0);
	scribing_tell(&scribing, &job, CHANNEL_LOCAL, SPAN("d\0Ta\0X\0"));
	assert_int_equal(
	    scribing_read_event(&scribing, SPAN("a8\0C0\0Q5\0"), &event), 0);
	assert_int_equal(event.kind, EVENT_RECORDED);
	assert_int_equal(event.book, JOB_SUCCESSES);
	assert_int_equal(event.qp, 5);
	assert_int_equal(
	    scribing_read_event(&scribing, SPAN("g8\0"), &event), -1);
	scribing.orders = SCRIBING_ORDERS_MAX;
	assert_true(scribing_is_busy(&scribing));
}

static void
test_clean(void **state)
{
	struct cleaning cleaning = { .link = { .fd = -1 } };
	struct span rest = SPAN("+5\0");
	struct event event;

	(void)state;
	assert_int_equal(cleaning_next_event(&cleaning, &rest, &event), -1);
	cleaning_order(&cleaning, CLEAN_SORTED, 5);
	cleaning_order(&cleaning, CLEAN_SWEEP, 3);
	cleaning_order(&cleaning, CLEAN_FINISHED, 6);
	assert_false(cleaning_is_idle(&cleaning));
	rest = SPAN("+5\0r77\0!6\0");
	assert_int_equal(cleaning_next_event(&cleaning, &rest, &event), 1);
	assert_int_equal(event.kind, EVENT_SORTED);
	assert_int_equal(event.number, 5);
	assert_int_equal(cleaning_next_event(&cleaning, &rest, &event), 1);
	assert_int_equal(event.kind, EVENT_RESTORED);
	assert_int_equal(event.number, 77); /* the one that was found */
	assert_int_equal(cleaning_next_event(&cleaning, &rest, &event), 1);
	assert_int_equal(event.kind, EVENT_NOT_REMOVED);
	assert_int_equal(event.number, 6);
	assert_int_equal(cleaning_next_event(&cleaning, &rest, &event), 0);
	assert_true(cleaning_is_idle(&cleaning));
	cleaning_order(&cleaning, CLEAN_RESTORE, 9);
	rest = SPAN("k\0");
	assert_int_equal(cleaning_next_event(&cleaning, &rest, &event), -1);
	rest = SPAN("k9");
	assert_int_equal(cleaning_next_event(&cleaning, &rest, &event), -1);
	vec_free(&cleaning.orders);
	str_free(&cleaning.link.words);
}

static void
test_todo(void **state)
{
	static const char *const bad[] = { "N7", "N0|S1|b2|u3|p4|Fa@b|",
		"N7|S1|b2|u3|p4|", "N7|S1|b2|u3|p4|Fa@b|Q|",
		"W7|S1|b2|u3|p4|Fa|", "V7|", "V7|L1|", "B7|", "O7|Fa|", "Z7|",
		"|" };
	struct event event;

	(void)state;
	assert_int_equal(arrivals_read_event(
			     SPAN("N7\0S1\0b2\0u3\0p4\0Fa@b\0Rc@d\0"), &event),
	    0);
	assert_int_equal(event.kind, EVENT_NEW);
	assert_true(event.has_recipient);
	assert_int_equal(event.channel, CHANNEL_REMOTE);
	assert_true(span_equal(event.recipient, SPAN("c@d")));
	assert_int_equal(
	    arrivals_read_event(SPAN("N7\0S1\0b2\0u3\0p4\0F\0"), &event), 0);
	assert_false(event.has_recipient);
	assert_int_equal(arrivals_read_event(SPAN("V7\0L0\0R1\0"), &event), 0);
	assert_int_equal(event.kind, EVENT_WHOLE);
	assert_int_equal(event.counts[CHANNEL_REMOTE], 1);
	assert_int_equal(arrivals_read_event(SPAN("Ahelp\0"), &event), 0);
	assert_int_equal(event.kind, EVENT_ALERT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char text[100];
		size_t len = strlen(bad[i]);

		memcpy(text, bad[i], len);
		for (size_t j = 0; j < len; j++)
			if (text[j] == '|')
				text[j] = '\0';
		if (arrivals_read_event(span_make(text, len), &event) != -1)
			fail_msg("%s", bad[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scribe),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_todo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
