/* maildirquota_test.c - the file maildirsize of a Maildir++. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/maildirquota.h"

static void
test_definitions(void **state)
{
	static const struct {
		const char *text;
		bool is_one;
		uint64_t bytes, messages;
	} cases[] = {
		{ "100S", true, 100, 0 },
		{ "7C", true, 0, 7 },
		{ "100S,7C", true, 100, 7 },
		{ "7C,100S,5X", true, 100, 7 },
		{ "0S", true, 0, 0 },
		{ "", false, 0, 0 },
		{ "100", false, 0, 0 },
		{ "S", false, 0, 0 },
		{ "-1S", false, 0, 0 },
		{ "1S,,1C", false, 0, 0 },
		{ "1 S", false, 0, 0 },
		{ "99999999999999999999S", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maildirquota quota;

		assert_int_equal(
		    maildirquota_parse(span_of(cases[i].text), &quota),
		    cases[i].is_one);
		if (!cases[i].is_one)
			continue;
		assert_int_equal(quota.bytes, cases[i].bytes);
		assert_int_equal(quota.messages, cases[i].messages);
	}
}

static void
test_sums(void **state)
{
	static const struct {
		const char *text;
		bool is_fine;
		int64_t bytes, messages;
		size_t lines;
	} cases[] = {
		{ "100S\n", true, 0, 0, 0 },
		{ "100S\n10 1\n", true, 10, 1, 1 },
		{ "100S\n          10            1\n20 2 \n", true, 30, 3, 2 },
		{ "100S\n10 1\n-4 -1\n", true, 6, 0, 2 },
		{ "", false, 0, 0, 0 },
		{ "100S", false, 0, 0, 0 },
		{ "100S\n10 1", false, 0, 0, 0 },
		{ "100S\n10\n", false, 0, 0, 0 },
		{ "100S\n10 1 1\n", false, 0, 0, 0 },
		{ "100S\n10-1\n", false, 0, 0, 0 },
		{ "100S\n\n", false, 0, 0, 0 },
		{ "100S\nx 1\n", false, 0, 0, 0 },
		{ "100S\n-10 1\n", false, 0, 0, 0 },
		{ "100S\n99999999999999999999 1\n", false, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maildirquota_use use;
		size_t lines;

		if (maildirquota_add_up(span_of(cases[i].text), &use, &lines) !=
		    cases[i].is_fine)
			fail_msg("%s", cases[i].text);
		if (!cases[i].is_fine)
			continue;
		assert_int_equal(use.bytes, cases[i].bytes);
		assert_int_equal(use.messages, cases[i].messages);
		assert_int_equal(lines, cases[i].lines);
	}
}

static void
test_room(void **state)
{
	struct maildirquota both = { 100, 3 }, none = { 0, 0 };
	struct maildirquota_use use = { 90, 2 };

	(void)state;
	assert_true(maildirquota_has_room(&both, &use, 10));
	assert_false(maildirquota_has_room(&both, &use, 11));
	assert_false(maildirquota_has_room(&both, &use, UINT64_MAX));
	assert_true(maildirquota_has_room(&none, &use, UINT64_MAX));
	use.messages = 3;
	assert_false(maildirquota_has_room(&both, &use, 1));
	use = (struct maildirquota_use){ 101, 0 };
	assert_false(maildirquota_has_room(&both, &use, 0));
}

static void
test_written(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	maildirquota_add_line(&text, 10, 1);
	assert_string_equal(str_z(&text), "10 1\n");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
