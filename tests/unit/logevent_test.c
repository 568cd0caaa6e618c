/* logevent_test.c - the log of qmail-send, read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/logevent.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void
test_stamps(void **state)
{
	static const struct {
		const char *word;
		int64_t seconds; /* -1: it is no stamp */
		uint32_t nanoseconds;
	} cases[] = {
		{ "@400000003b9aca0a00000000", 1000000000, 0 },
		{ "@400000003b9aca0A075bcd15", 1000000000, 123456789 },
		{ "@400000000000000a3b9ac9ff", 0, 999999999 },
		{ "@400000000000000a3b9aca00", -1, 0 },
		{ "@400000000000000900000000", -1, 0 }, /* before 1970 */
		{ "@400000174876e80900000000", 99999999999, 0 },
		{ "@400000174876e80a00000000", -1, 0 },
		{ "@ffffffffffffffff00000000", -1, 0 },
		{ "@400000003b9aca0a0000000", -1, 0 },
		{ "@400000003b9aca0a000000000", -1, 0 },
		{ "@400000003b9aca0g00000000", -1, 0 },
		{ "1000000000", 1000000000, 0 },
		{ "1000000000.", 1000000000, 0 },
		{ "1000000000.5", 1000000000, 500000000 },
		{ "1000000000.123456", 1000000000, 123456000 },
		{ "1000000000.1234567899", 1000000000, 123456789 },
		{ "99999999999", 99999999999, 0 },
		{ "100000000000", -1, 0 },
		{ "1000000000.5x", -1, 0 },
		{ "-1.5", -1, 0 },
		{ ".5", -1, 0 },
		{ "new", -1, 0 },
		{ "", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct logstamp stamp = { -1, 0 };

		assert_int_equal(logstamp_parse(span_of(cases[i].word), &stamp),
		    cases[i].seconds >= 0);
		assert_int_equal(stamp.seconds, cases[i].seconds);
		assert_int_equal(stamp.nanoseconds, cases[i].nanoseconds);
	}
}

static void
test_stamp_of_a_line(void **state)
{
	struct span line = SPAN("1000000001.5 \tnew msg 5");
	struct span other = SPAN("new msg 5"), word;
	struct logstamp stamp;

	(void)state;
	assert_true(logstamp_cut(&line, &stamp));
	assert_int_equal(stamp.seconds, 1000000001);
	assert_true(span_equal(line, SPAN("new msg 5")));
	assert_false(logstamp_cut(&other, &stamp));
	assert_true(span_equal(other, SPAN("new msg 5")));
	word = logevent_cut_word(&line);
	assert_true(span_equal(word, SPAN("new")));
	assert_true(span_equal(line, SPAN("msg 5")));
	line = SPAN(" \t ");
	assert_int_equal(logevent_cut_word(&line).len, 0);
	assert_int_equal(line.len, 0);
}

static void
test_decimal(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	logstamp_add_decimal(&text, SPAN("@400000003b9aca0a0000002a"));
	str_add_byte(&text, ' ');
	logstamp_add_decimal(&text, SPAN("17.5"));
	str_add_byte(&text, ' ');
	logstamp_add_decimal(&text, SPAN("@yesterday"));
	assert_string_equal(
	    str_z(&text), "1000000000.000000042 17.5 @yesterday");
	str_free(&text);
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *line;
		enum logevent_kind kind;
		uint64_t message, delivery;
	} cases[] = {
		{ "new msg 101", LOGEVENT_NEW, 101, 0 },
		{ "info msg 101: bytes 5 from <> qp 6 uid 7", LOGEVENT_INFO,
		    101, 0 },
		{ "starting delivery 8: msg 101 to local a@b",
		    LOGEVENT_STARTING, 101, 8 },
		{ "delivery 8: success: did_1+0+0/", LOGEVENT_DELIVERY, 0, 8 },
		{ "bounce msg 101 qp 9", LOGEVENT_BOUNCE, 101, 0 },
		{ "notice msg 101 qp 9", LOGEVENT_NOTICE, 101, 0 },
		{ "triple bounce: discarding bounce/101", LOGEVENT_TRIPLE, 101,
		    0 },
		{ "end msg 101", LOGEVENT_END, 101, 0 },
		{ "tls 8: domain=a result=ok", LOGEVENT_TLS, 0, 8 },
		{ "hold msg 101 by uid 0", LOGEVENT_ORDER, 101, 0 },
		{ "release msg 101 by uid 0", LOGEVENT_ORDER, 101, 0 },
		{ "return msg 101 by uid 0", LOGEVENT_ORDER, 101, 0 },
		{ "delete msg 101 by uid 0", LOGEVENT_ORDER, 101, 0 },
		{ "drop msg 101 to a@b by uid 0", LOGEVENT_ORDER, 101, 0 },
		{ "deleted: msg 101 to remote a@b", LOGEVENT_DELETED, 101, 0 },
		{ "deleted: discarding bounce/101", LOGEVENT_OTHER, 0, 0 },
		{ "retry of 3 msgs by uid 0", LOGEVENT_RETRY, 0, 0 },
		{ "retry of x msgs by uid 0", LOGEVENT_OTHER, 0, 0 },
		{ "status: local 0/10 remote 0/20", LOGEVENT_STATUS, 0, 0 },
		{ "running", LOGEVENT_RUNNING, 0, 0 },
		{ "exiting", LOGEVENT_EXITING, 0, 0 },
		{ "warning: a disk", LOGEVENT_WARNING, 0, 0 },
		{ "alert: a disk", LOGEVENT_ALERT, 0, 0 },
		{ "extra 101 3 2 1", LOGEVENT_EXTRA, 101, 0 },
		{ "  new\t msg  101  ", LOGEVENT_NEW, 101, 0 },
		{ "new msg 18446744073709551616", LOGEVENT_NEW, UINT64_MAX, 0 },
		{ "new msg", LOGEVENT_OTHER, 0, 0 },
		{ "new msg x", LOGEVENT_OTHER, 0, 0 },
		{ "new message 101", LOGEVENT_OTHER, 0, 0 },
		{ "starting delivery 8:", LOGEVENT_OTHER, 0, 0 },
		{ "delivery x: success: ok", LOGEVENT_OTHER, 0, 0 },
		{ "statuses", LOGEVENT_OTHER, 0, 0 },
		{ "", LOGEVENT_OTHER, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct logevent event;

		logevent_parse(span_of(cases[i].line), &event);
		assert_int_equal(event.kind, cases[i].kind);
		if (event.kind == LOGEVENT_OTHER)
			continue;
		assert_true(event.message == cases[i].message);
		assert_true(event.delivery == cases[i].delivery);
	}
}

static void
test_info(void **state)
{
	struct logevent event;

	(void)state;
	logevent_parse(
	    SPAN("info msg 5: bytes 12 from <Joe@B> qp 6 uid 7"), &event);
	assert_int_equal(event.bytes, 12);
	assert_true(span_equal(event.sender, SPAN("<Joe@B>")));
	assert_int_equal(event.qp, 6);
	assert_int_equal(event.uid, 7);
	/* Words have places: a blank in the sender moves those behind it. */
	logevent_parse(
	    SPAN("info msg 5: bytes 12 from <a b@c> qp 6 uid 7"), &event);
	assert_int_equal(event.kind, LOGEVENT_INFO);
	assert_true(span_equal(event.sender, SPAN("<a")));
	assert_int_equal(event.qp, 0);
	assert_int_equal(event.uid, 0);
}

static void
test_starting(void **state)
{
	struct logevent event;

	(void)state;
	logevent_parse(
	    SPAN("starting delivery 1: msg 5 to remote bob@x.example"), &event);
	assert_true(span_equal(event.channel, SPAN("remote")));
	assert_true(span_equal(event.recipient, SPAN("bob@x.example")));
	logevent_parse(SPAN("drop msg 5 to bob@x.example by uid 3"), &event);
	assert_true(span_equal(event.recipient, SPAN("bob@x.example")));
	assert_int_equal(event.uid, 3);
	logevent_parse(SPAN("deleted: msg 5 to local ann@h"), &event);
	assert_true(span_equal(event.channel, SPAN("local")));
	assert_true(span_equal(event.recipient, SPAN("ann@h")));
}

static void
test_results(void **state)
{
	static const struct {
		const char *line;
		enum logevent_result result;
		const char *reason;
	} cases[] = {
		{ "delivery 1: success: ok/", LOGEVENT_SUCCESS, "ok/" },
		{ "delivery 1: failure: no/", LOGEVENT_FAILURE, "no/" },
		{ "delivery 1: deferral: later/ ", LOGEVENT_DEFERRAL,
		    "later/" },
		{ "delivery 1: success: some words", LOGEVENT_SUCCESS, "some" },
		{ "delivery 1: success: ", LOGEVENT_SUCCESS, "" },
		{ "delivery 1: report mangled, will defer", LOGEVENT_MANGLED,
		    "report mangled, will defer" },
		{ "delivery 1:", LOGEVENT_MANGLED, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct logevent event;

		logevent_parse(span_of(cases[i].line), &event);
		assert_int_equal(event.kind, LOGEVENT_DELIVERY);
		assert_int_equal(event.result, cases[i].result);
		assert_true(span_equal(event.reason, span_of(cases[i].reason)));
	}
}

static void
test_the_rest(void **state)
{
	struct logevent event;

	(void)state;
	logevent_parse(SPAN("warning: the log was stuck"), &event);
	assert_true(span_equal(event.words, SPAN("the log was stuck")));
	logevent_parse(SPAN("tls 8: domain=a result=ok"), &event);
	assert_true(span_equal(event.words, SPAN("domain=a result=ok")));
	logevent_parse(SPAN("some thing"), &event);
	assert_true(span_equal(event.words, SPAN("some thing")));
	logevent_parse(SPAN("extra 5 3 2 1"), &event);
	assert_int_equal(event.successes, 3);
	assert_int_equal(event.deferrals, 2);
	assert_int_equal(event.failures, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_stamp_of_a_line),
		cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_starting),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
