/* quote_test.c - local parts that need quotes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/quote.h"

static const char *const cases[][2] = {
	{ "fred@b", "fred@b" },
	{ "fred", "fred" },
	{ "f.d@b", "f.d@b" },
	{ "a b@c d", "\"a b\"@c d" },
	{ "a b", "\"a b\"" },
	{ "a@b@c", "\"a@b\"@c" },
	{ ".a@b", "\".a\"@b" },
	{ "a.@b", "\"a.\"@b" },
	{ "a..b@c", "\"a..b\"@c" },
	{ "@b", "\"\"@b" },
	{ "", "" },
	{ "a\"b@c", "\"a\\\"b\"@c" },
	{ "a\\b@c", "\"a\\\\b\"@c" },
	{ "a\nb@c", "\"a\\\nb\"@c" },
	{ "a,b@c", "\"a,b\"@c" },
	{ "j\xf6@c", "\"j\xf6\"@c" },
	{ "j\xc3\xb6.d@c", "j\xc3\xb6.d@c" },
	{ "j\xc3\xb6 d@c", "\"j\xc3\xb6 d\"@c" },
	{ "j\xc3\xb6\xb6@c", "\"j\xc3\xb6\xb6\"@c" },
	{ "!#$%&'*+-/=?^_`{|}~@c", "!#$%&'*+-/=?^_`{|}~@c" },
	{ "list-@h-@[]", "\"list-@h-\"@[]" },
};

static void
test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = STR_INIT;

		quote_add_address(&text, span_of(cases[i][0]));
		assert_string_equal(str_z(&text), cases[i][1]);
		str_free(&text);
	}
}

static void
test_need(void **state)
{
	(void)state;
	assert_true(quote_is_needed(SPAN("")));
	assert_true(quote_is_needed(SPAN("a@b")));
	assert_true(quote_is_needed(SPAN("a\0b")));
	assert_false(quote_is_needed(SPAN("a.b-c+d")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
