/* json_test.c - any bytes as a string of JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"

static void
test_strings(void **state)
{
	static const struct {
		struct span bytes;
		const char *json;
	} cases[] = {
		{ { "", 0 }, "\"\"" },
		{ { "plain ~", 7 }, "\"plain ~\"" },
		{ { "a\"b\\c/d", 7 }, "\"a\\\"b\\\\c/d\"" },
		{ { "\0\n\x1f\x7f", 4 }, "\"\\u0000\\u000a\\u001f\\u007f\"" },
		{ { "\xc3\xa9", 2 }, "\"\xc3\xa9\"" },
		{ { "\xe9", 1 }, "\"\\u00e9\"" },	     /* no UTF-8 */
		{ { "\xc3", 1 }, "\"\\u00c3\"" },	     /* cut */
		{ { "\xc0\xaf", 2 }, "\"\\u00c0\\u00af\"" }, /* overlong */
		{ { "\xed\xa0\x80", 3 }, "\"\\u00ed\\u00a0\\u0080\"" },
		{ { "\xc2\x9b", 2 }, "\"\\u009b\"" }, /* a control character */
		{ { "\xc2\xa0", 2 }, "\"\xc2\xa0\"" },
		{ { "\xf0\x9f\x98\x80!", 5 }, "\"\xf0\x9f\x98\x80!\"" },
	};
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		str_reset(&text);
		json_add_string(&text, cases[i].bytes);
		assert_string_equal(str_z(&text), cases[i].json);
	}
	str_free(&text);
}

static void
test_numbers(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	json_add_number(&text, 0);
	str_add_byte(&text, ' ');
	json_add_number(&text, JSON_NUMBER_MAX);
	str_add_byte(&text, ' ');
	json_add_number(&text, JSON_NUMBER_MAX + 1);
	assert_string_equal(
	    str_z(&text), "0 9007199254740991 \"9007199254740992\"");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
