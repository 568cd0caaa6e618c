/* date_test.c - times as mail writes them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "mail/date.h"

static const struct {
	int64_t seconds;
	const char *bare, *ctime;
} cases[] = {
	{ 0, "1 Jan 1970 00:00:00", "Thu Jan  1 00:00:00 1970" },
	{ -5, "31 Dec 1969 23:59:55", "Wed Dec 31 23:59:55 1969" },
	{ 951782399, "28 Feb 2000 23:59:59", "Mon Feb 28 23:59:59 2000" },
	{ 951782400, "29 Feb 2000 00:00:00", "Tue Feb 29 00:00:00 2000" },
	{ 951868800, "1 Mar 2000 00:00:00", "Wed Mar  1 00:00:00 2000" },
	{ 2147483647, "19 Jan 2038 03:14:07", "Tue Jan 19 03:14:07 2038" },
	{ 2147483648, "19 Jan 2038 03:14:08", "Tue Jan 19 03:14:08 2038" },
	{ 4107542400, "1 Mar 2100 00:00:00", "Mon Mar  1 00:00:00 2100" },
	{ 253402300799, "31 Dec 9999 23:59:59", "Fri Dec 31 23:59:59 9999" },
};

static void
test_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = STR_INIT;

		date_add_utc_bare(&text, cases[i].seconds);
		assert_string_equal(str_z(&text), cases[i].bare);
		str_add_z(&text, " -0000");
		{
			struct str full = STR_INIT;

			date_add_utc(&full, cases[i].seconds);
			assert_string_equal(str_z(&full), str_z(&text));
			str_free(&full);
		}
		str_reset(&text);
		date_add_ctime(&text, cases[i].seconds);
		assert_string_equal(str_z(&text), cases[i].ctime);
		str_free(&text);
	}
}

static const struct {
	int64_t seconds;
	long offset;
	const char *text;
} zones[] = {
	{ 86400, 0, "2 Jan 1970 00:00:00 +0000" },
	{ 86400, 3600, "2 Jan 1970 01:00:00 +0100" },
	{ 86400, -3600, "1 Jan 1970 23:00:00 -0100" },
	{ 86400, 20700, "2 Jan 1970 05:45:00 +0545" },
	{ 86400, -12600, "1 Jan 1970 20:30:00 -0330" },
	{ 86400, 50400, "2 Jan 1970 14:00:00 +1400" },
};

static void
test_zones(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		struct str text = STR_INIT;

		date_add_zone(&text, zones[i].seconds, zones[i].offset);
		assert_string_equal(str_z(&text), zones[i].text);
		str_free(&text);
	}
}

/* Every fifth day or so for some centuries, as the C library sees it. */
static void
test_against_libc(void **state)
{
	(void)state;
	for (int64_t seconds = 0; seconds < 20000000000; seconds += 444447) {
		struct str text = STR_INIT;
		time_t moment = (time_t)seconds;
		struct tm tm;
		char wanted[64];

		assert_non_null(gmtime_r(&moment, &tm));
		strftime(wanted, sizeof(wanted), "%a %b %e %H:%M:%S %Y", &tm);
		date_add_ctime(&text, seconds);
		assert_string_equal(str_z(&text), wanted);
		str_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_against_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
