/* dsn_test.c - what a sender asks of notifications. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/dsn.h"

static void
test_envelope(void **state)
{
	static const struct {
		const char *given, *kept; /* NULL: broken */
	} cases[] = {
		{ "", "" },
		{ "RET=FULL", "RET=FULL" },
		{ "ret=hdrs", "RET=HDRS" },
		{ "ENVID=a+2Bb RET=HDRS", "RET=HDRS ENVID=a+2Bb" },
		{ "requiretls RET=HDRS", "RET=HDRS REQUIRETLS" },
		{ "REQUIRETLS REQUIRETLS", NULL },
		{ "REQUIRETLS=", NULL },
		{ "RET", NULL },
		{ "RET=", NULL },
		{ "RET=SOME", NULL },
		{ "RET=FULL RET=FULL", NULL },
		{ "ENVID=", NULL },
		{ "ENVID=a=b", NULL },
		{ "ENVID=a+2", NULL },
		{ "ENVID=a+2b", NULL }, /* digits in capitals */
		{ "ENVID=a+GG", NULL },
		{ "ENVID=a\tb", NULL },
		{ "ENVID=a\x7f", NULL },
		{ "ENVID=\xc3\xa4", NULL },
		{ "ENVID=a ENVID=b", NULL },
		{ "NOTIFY=NEVER", NULL }, /* that is of a recipient */
		{ "RET=FULL  ENVID=a", NULL },
	};
	struct dsn_envelope envelope;
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool is_fine =
		    dsn_parse_envelope(span_of(cases[i].given), &envelope);

		assert_int_equal(is_fine, cases[i].kept != NULL);
		if (!is_fine)
			continue;
		str_reset(&text);
		dsn_add_envelope(&text, &envelope);
		assert_string_equal(str_z(&text), cases[i].kept);
	}
	str_free(&text);
}

static void
test_recipient(void **state)
{
	static const struct {
		const char *given, *kept;
		bool wants_failure;
		const char *without_success;
	} cases[] = {
		{ "", "", true, "" },
		{ "NOTIFY=NEVER", "NOTIFY=NEVER", false, "NOTIFY=NEVER" },
		{ "notify=success,Failure", "NOTIFY=SUCCESS,FAILURE", true,
		    "NOTIFY=FAILURE" },
		{ "NOTIFY=DELAY,FAILURE,SUCCESS",
		    "NOTIFY=SUCCESS,FAILURE,DELAY", true,
		    "NOTIFY=FAILURE,DELAY" },
		{ "NOTIFY=SUCCESS", "NOTIFY=SUCCESS", false, "NOTIFY=NEVER" },
		{ "NOTIFY=DELAY,DELAY", "NOTIFY=DELAY", false, "NOTIFY=DELAY" },
		{ "ORCPT=rfc822;a+2B@b NOTIFY=DELAY",
		    "NOTIFY=DELAY ORCPT=rfc822;a+2B@b", false,
		    "NOTIFY=DELAY ORCPT=rfc822;a+2B@b" },
		{ "ORCPT=utf-8;\xc3\xa4@b", "ORCPT=utf-8;\xc3\xa4@b", true,
		    "ORCPT=utf-8;\xc3\xa4@b" },
		{ "ORCPT=x400;", "ORCPT=x400;", true, "ORCPT=x400;" },
	};
	static const char *const broken[] = { "NOTIFY",
		"NOTIFY=", "NOTIFY=NEVER,SUCCESS", "NOTIFY=SUCCESS,NEVER",
		"NOTIFY=SUCCESS,", "NOTIFY=,SUCCESS", "NOTIFY=OFTEN",
		"NOTIFY=NEVER NOTIFY=NEVER", "ORCPT=a@b", "ORCPT=;a@b",
		"ORCPT=rfc 822;a@b", "ORCPT=rfc822;a=b", "ORCPT=rfc822;a\nb",
		"ORCPT=rfc822;a+0", "ORCPT=rfc822;\xc3\xa4@b",
		"ORCPT=utf-8;\xc3@b", "ORCPT=rfc822;a ORCPT=rfc822;a",
		"RET=FULL" };
	struct dsn_recipient recipient;
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(
		    dsn_parse_recipient(span_of(cases[i].given), &recipient));
		str_reset(&text);
		dsn_add_recipient(&text, &recipient);
		assert_string_equal(str_z(&text), cases[i].kept);
		assert_int_equal(
		    dsn_wants_failure(&recipient), cases[i].wants_failure);
		dsn_without_success(&recipient);
		str_reset(&text);
		dsn_add_recipient(&text, &recipient);
		assert_string_equal(str_z(&text), cases[i].without_success);
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		assert_false(
		    dsn_parse_recipient(span_of(broken[i]), &recipient));
	str_free(&text);
}

static void
test_lengths(void **state)
{
	struct dsn_recipient recipient;
	struct dsn_envelope envelope;
	struct str text = STR_INIT;

	(void)state;
	str_add_z(&text, "ENVID=");
	for (int i = 0; i < DSN_ENVID_MAX; i++)
		str_add_byte(&text, 'x');
	assert_true(dsn_parse_envelope(str_span(&text), &envelope));
	str_add_byte(&text, 'x');
	assert_false(dsn_parse_envelope(str_span(&text), &envelope));
	str_reset(&text);
	str_add_z(&text, "ORCPT=rfc822;");
	while (text.len < 6 + DSN_ORCPT_MAX)
		str_add_byte(&text, 'x');
	assert_true(dsn_parse_recipient(str_span(&text), &recipient));
	str_add_byte(&text, 'x');
	assert_false(dsn_parse_recipient(str_span(&text), &recipient));
	str_free(&text);
}

static void
test_decoded(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	dsn_add_decoded(&text, SPAN("a+2Bb+3Dc+0A+FF+7Fd"));
	assert_string_equal(str_z(&text), "a+b=c???d");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_recipient),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
