/* utf8_test.c - what is ASCII, and what is UTF-8. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/utf8.h"

static const struct {
	const char *text;
	bool is_valid;
} cases[] = {
	{ "", true },
	{ "plain", true },
	{ "\x7f", true },
	{ "\x80", false },
	{ "\xc3\xa4", true },
	{ "x\xc3\xa4x", true },
	{ "\xc3", false },
	{ "\xc3x", false },
	{ "\xe4", false },
	{ "\xc0\x80", false },
	{ "\xc1\xbf", false },
	{ "\xc2\x80", true },
	{ "\xdf\xbf", true },
	{ "\xe0\x9f\xbf", false },
	{ "\xe0\xa0\x80", true },
	{ "\xe2\x82\xac", true },
	{ "\xe2\x82", false },
	{ "\xe2\x82x", false },
	{ "\xed\x9f\xbf", true },
	{ "\xed\xa0\x80", false },
	{ "\xee\x80\x80", true },
	{ "\xf0\x8f\xbf\xbf", false },
	{ "\xf0\x90\x80\x80", true },
	{ "\xf0\x90\x80", false },
	{ "\xf4\x8f\xbf\xbf", true },
	{ "\xf4\x90\x80\x80", false },
	{ "\xf5\x80\x80\x80", false },
	{ "\xff", false },
};

static void
test_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%zu\n", i);
		assert_int_equal(
		    utf8_is_valid(span_of(cases[i].text)), cases[i].is_valid);
	}
}

/* At every place of texts of every length. */
static void
test_ascii(void **state)
{
	char text[40];

	(void)state;
	memset(text, 0x7f, sizeof(text));
	for (size_t len = 0; len <= sizeof(text); len++) {
		assert_true(utf8_is_ascii(span_make(text, len)));
		for (size_t i = 0; i < len; i++) {
			text[i] = (char)0x80;
			assert_false(utf8_is_ascii(span_make(text, len)));
			text[i] = 0x7f;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
