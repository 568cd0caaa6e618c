/* dateparse_test.c - the time in a header field. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/date.h"

static const struct {
	const char *text;
	const char *written; /* NULL: not understood */
	int64_t seconds;
} cases[] = {
	{ "1 Jan 1970 00:00:00 -0000", "1 Jan 1970 00:00:00 -0000", 0 },
	{ "1 Jan 2001 12:34:56 +0130", "1 Jan 2001 12:34:56 +0130", 978347096 },
	{ " Mon, 1 Jan 01 12:34:56 EST\n", "1 Jan 2001 12:34:56 -0500",
	    978370496 },
	{ "(x) 1 (y) Jan (z) 101 0:00 UT (w)", "1 Jan 2001 00:00:00 +0000",
	    978307200 },
	{ "29 Feb 2000 00:00:00 GMT", "29 Feb 2000 00:00:00 +0000", 951782400 },
	{ "1 mar 2000 00:00:00 BST", "1 Mar 2000 00:00:00 +0100", 951865200 },
	{ "1 Jan 50 00:00:00 -0000", "1 Jan 1950 00:00:00 -0000", -631152000 },
	{ "31 Dec 9999 23:59:60 -0000", NULL, 0 },
	{ "31 Feb 2001 12:34:56 -0000", NULL, 0 },
	{ "29 Feb 1900 12:34:56 -0000", NULL, 0 },
	{ "0 Jan 2001 12:34:56 -0000", NULL, 0 },
	{ "32 Jan 2001 12:34:56 -0000", NULL, 0 },
	{ "1 Jan 2001 24:00:00 -0000", NULL, 0 },
	{ "1 Jan 2001 12:60:00 -0000", NULL, 0 },
	{ "1 Jan 2001 12:00:61 -0000", NULL, 0 },
	{ "1 Jan 2001 12:00:00 -0060", NULL, 0 },
	{ "1 Jan 2001 12:00:00 A", NULL, 0 },
	{ "1 Jan 2001 12:34:56", NULL, 0 },
	{ "Jan 1 2001 12:34:56 -0000", NULL, 0 },
	{ "2001-01-01 12:34:56 -0000", NULL, 0 },
	{ "1-Jan-2001 12:34:56 -0000", NULL, 0 },
	{ "Mon Jan  1 12:34:56 2001", NULL, 0 },
	{ "(", NULL, 0 },
	{ "", NULL, 0 },
};

static void
test_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = STR_INIT;
		struct date date;
		bool understood = date_parse(span_of(cases[i].text), &date);

		if (i == 7) { /* there are leap seconds */
			assert_true(understood);
			continue;
		}
		assert_int_equal(understood, cases[i].written != NULL);
		if (!understood)
			continue;
		assert_int_equal(date.seconds, cases[i].seconds);
		date_add(&text, &date);
		assert_string_equal(str_z(&text), cases[i].written);
		str_free(&text);
	}
}

static void
test_other_forms(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	date_add_iso(&text, 978370496, -5 * 3600);
	assert_string_equal(str_z(&text), "2001-01-01 12:34:56 -0500");
	str_reset(&text);
	date_add_digits(&text, 978370496);
	assert_string_equal(str_z(&text), "20010101173456");
	str_reset(&text);
	date_add_rfc3339(&text, 978370496, 12345678, 9);
	assert_string_equal(str_z(&text), "2001-01-01T17:34:56.012345678Z");
	str_reset(&text);
	date_add_rfc3339(&text, 978370496, 12345678, 3);
	assert_string_equal(str_z(&text), "2001-01-01T17:34:56.012Z");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_other_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
