/* delivery_test.c - delivery jobs and their reports. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "queue/delivery.h"

static void
test_job(void **state)
{
	struct delivery_job job;
	struct str text = STR_INIT;

	(void)state;
	delivery_add_head(&text, 123, SPAN("s@x"), SPAN(""));
	delivery_add_recipient(&text, 4294967295u, SPAN("a@b"), SPAN(""));
	delivery_add_recipient(&text, 2, SPAN(""), SPAN(""));
	assert_true(delivery_job_parse(str_span(&text), &job));
	str_free(&text); /* the job has a copy */
	assert_int_equal(job.message, 123);
	assert_true(span_equal(job.sender, SPAN("s@x")));
	assert_int_equal(job.recipients.len, 2);
	assert_true(job.recipients.at[0].delivery == 4294967295u);
	assert_true(span_equal(job.recipients.at[0].address, SPAN("a@b")));
	delivery_job_free(&job);
}

static void
test_bad_jobs(void **state)
{
	static const struct span bad[] = {
		{ "", 0 },
		{ "M1\0Fs\0", 6 },		     /* nobody */
		{ "M1\0Fs\0N1\0", 9 },		     /* no address */
		{ "M1\0Fs\0N4294967296\0Ta\0", 21 }, /* a number too large */
		{ "Mx\0Fs\0N1\0Ta\0", 12 },
		{ "M1\0Fs\0N1\0Ta", 11 }, /* cut short */
		{ "\0\0\0\0", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct delivery_job job;

		assert_false(delivery_job_parse(bad[i], &job));
		delivery_job_free(&job);
	}
}

static void
test_route(void **state)
{
	struct delivery_job job;
	struct str text = STR_INIT;

	(void)state;
	delivery_add_head(&text, 1, SPAN("s@x"), SPAN(""));
	delivery_add_route(&text, SPAN("relay:26"), 5);
	delivery_add_recipient(&text, 2, SPAN("a@b"), SPAN(""));
	assert_true(delivery_job_parse(str_span(&text), &job));
	assert_true(job.has_route);
	assert_true(span_equal(job.route, SPAN("relay:26")));
	assert_true(job.connect_limit == 5);
	delivery_job_free(&job);
	str_reset(&text);
	delivery_add_head(&text, 1, SPAN("s@x"), SPAN(""));
	delivery_add_route(&text, SPAN(""), 0);
	delivery_add_recipient(&text, 2, SPAN("a@b"), SPAN(""));
	assert_true(delivery_job_parse(str_span(&text), &job));
	assert_true(job.has_route);
	assert_int_equal(job.route.len, 0);
	assert_true(job.connect_limit == 0);
	delivery_job_free(&job);
	str_reset(&text);
	delivery_add_head(&text, 1, SPAN("s@x"), SPAN(""));
	delivery_add_recipient(&text, 2, SPAN("a@b"), SPAN(""));
	assert_true(delivery_job_parse(str_span(&text), &job));
	assert_false(job.has_route);
	delivery_job_free(&job);
	str_free(&text);
}

/* What is asked of notifications, in a job and in an environment. */
static void
test_parameters(void **state)
{
	struct words envp = WORDS_INIT;
	struct delivery_job job;
	struct str text = STR_INIT;
	char **words;

	(void)state;
	delivery_add_head(&text, 1, SPAN("s@x"), SPAN("RET=HDRS"));
	delivery_add_route(&text, SPAN("relay"), 5);
	delivery_add_recipient(&text, 2, SPAN("a@b"), SPAN(""));
	delivery_add_recipient(&text, 3, SPAN("c@d"), SPAN("NOTIFY=NEVER"));
	assert_true(delivery_job_parse(str_span(&text), &job));
	assert_true(span_equal(job.parameters, SPAN("RET=HDRS")));
	assert_true(span_equal(job.route, SPAN("relay")));
	assert_int_equal(job.recipients.at[0].parameters.len, 0);
	assert_true(
	    span_equal(job.recipients.at[1].parameters, SPAN("NOTIFY=NEVER")));
	delivery_add_parameters(&envp, &job);
	words = words_end(&envp);
	assert_string_equal(words[0], "DSNENVELOPE=RET=HDRS");
	assert_string_equal(words[1], "DSNRECIPIENTS=\nNOTIFY=NEVER\n");
	assert_null(words[2]);
	assert_true(delivery_is_parameter(span_of(words[0])));
	assert_true(delivery_is_parameter(span_of(words[1])));
	assert_false(delivery_is_parameter(SPAN("DSNRECIPIENT=")));
	words_free(&envp);
	delivery_job_free(&job);
	/* Nobody asked for anything. */
	str_reset(&text);
	delivery_add_head(&text, 1, SPAN("s@x"), SPAN(""));
	delivery_add_recipient(&text, 2, SPAN("a@b"), SPAN(""));
	assert_true(delivery_job_parse(str_span(&text), &job));
	delivery_add_parameters(&envp, &job);
	assert_null(words_end(&envp)[0]);
	words_free(&envp);
	delivery_job_free(&job);
	str_free(&text);
}

static void
test_reports(void **state)
{
	struct str text = STR_INIT, big = STR_INIT;
	struct delivery_report report;
	struct span rest;

	(void)state;
	for (int i = 0; i < DELIVERY_TEXT_MAX + 10; i++)
		str_add_byte(&big, 'x');
	delivery_add_report(&text,
	    &(struct delivery_report){
		.delivery = 7, .result = 'D', .text = SPAN("a\0b") });
	delivery_add_report(&text,
	    &(struct delivery_report){ .delivery = 8,
		.result = 'K',
		.hop = DELIVERY_HOP_WELL,
		.is_passed_on = true,
		.sessions = SPAN("a=1 b=2\nc=3\n"),
		.text = str_span(&big) });
	rest = str_span(&text);
	assert_true(delivery_report_next(&rest, &report));
	assert_int_equal(report.delivery, 7);
	assert_int_equal(report.result, 'D');
	assert_int_equal(report.hop, DELIVERY_HOP_UNTOLD);
	assert_false(report.is_passed_on);
	assert_int_equal(report.sessions.len, 0);
	assert_true(span_equal(report.text, SPAN("a")));
	assert_true(delivery_report_next(&rest, &report));
	assert_int_equal(report.hop, DELIVERY_HOP_WELL);
	assert_true(report.is_passed_on);
	assert_true(span_equal(report.sessions, SPAN("a=1 b=2\nc=3\n")));
	assert_int_equal(report.text.len, DELIVERY_TEXT_MAX);
	assert_false(delivery_report_next(&rest, &report));
	assert_int_equal(rest.len, 0);
	rest = SPAN("N7\0K");
	assert_false(delivery_report_next(&rest, &report));
	assert_int_equal(rest.len, 4);
	rest = SPAN("N7\0Sxy\0Kfine\0"); /* no state has two letters */
	assert_false(delivery_report_next(&rest, &report));
	rest = SPAN("N7\0S?\0Kfine\0"); /* an unknown one tells nothing */
	assert_true(delivery_report_next(&rest, &report));
	assert_int_equal(report.hop, DELIVERY_HOP_UNTOLD);
	assert_true(span_equal(report.text, SPAN("fine")));
	str_free(&text);
	str_free(&big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_bad_jobs),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
