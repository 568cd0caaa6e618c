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
	delivery_add_head(&text, 123, SPAN("s@x"));
	delivery_add_recipient(&text, 4294967295u, SPAN("a@b"));
	delivery_add_recipient(&text, 2, SPAN(""));
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
test_reports(void **state)
{
	struct str text = STR_INIT, big = STR_INIT;
	struct span rest, report;
	uint32_t delivery;
	char letter;

	(void)state;
	for (int i = 0; i < DELIVERY_TEXT_MAX + 10; i++)
		str_add_byte(&big, 'x');
	delivery_add_report(&text, 7, DELIVERY_FAILURE, SPAN("a\0b"));
	delivery_add_report(&text, 8, DELIVERY_SUCCESS, str_span(&big));
	rest = str_span(&text);
	assert_true(delivery_report_next(&rest, &delivery, &letter, &report));
	assert_int_equal(delivery, 7);
	assert_int_equal(letter, 'D');
	assert_true(span_equal(report, SPAN("a")));
	assert_true(delivery_report_next(&rest, &delivery, &letter, &report));
	assert_int_equal(report.len, DELIVERY_TEXT_MAX);
	assert_false(delivery_report_next(&rest, &delivery, &letter, &report));
	assert_int_equal(rest.len, 0);
	rest = SPAN("N7\0K");
	assert_false(delivery_report_next(&rest, &delivery, &letter, &report));
	assert_int_equal(rest.len, 4);
	str_free(&text);
	str_free(&big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_bad_jobs),
		cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
