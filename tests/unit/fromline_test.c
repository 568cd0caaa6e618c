/* fromline_test.c - what local delivery puts on top. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/fromline.h"

static const struct {
	const char *address;
	const char *from, *return_path, *delivered_to;
} cases[] = {
	{ "a@b", "From a@b Thu Jan 01 00:00:09 1970\n", "Return-Path: <a@b>\n",
	    "Delivered-To: a@b\n" },
	{ "", "From MAILER-DAEMON Thu Jan 01 00:00:09 1970\n",
	    "Return-Path: <>\n", "Delivered-To: \n" },
	{ "a b\tc\nd@e", "From a-b-c-d@e Thu Jan 01 00:00:09 1970\n",
	    "Return-Path: <\"a b\tc\\_d\"@e>\n", "Delivered-To: a b\tc_d@e\n" },
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span address = span_of(cases[i].address);
		struct str text = STR_INIT;

		fromline_add_from(&text, address, 9);
		assert_string_equal(str_z(&text), cases[i].from);
		str_reset(&text);
		fromline_add_return_path(&text, address);
		assert_string_equal(str_z(&text), cases[i].return_path);
		str_reset(&text);
		fromline_add_delivered_to(&text, address);
		assert_string_equal(str_z(&text), cases[i].delivered_to);
		str_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
