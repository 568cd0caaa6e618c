/* address_test.c - the paths of SMTP commands. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/address.h"

#define CASE(argument, result, address, rest)               \
	{                                                   \
		{ argument, sizeof(argument) - 1 }, result, \
		    { address, sizeof(address) - 1 },       \
		{                                           \
			rest, sizeof(rest) - 1              \
		}                                           \
	}

static const struct {
	struct span argument;
	enum address_result result;
	struct span address, rest;
} cases[] = {
	CASE("FROM:<a@b>", ADDRESS_TAKEN, "a@b", ""),
	CASE("from:<>", ADDRESS_TAKEN, "", ""),
	CASE("FROM: <a@b> SIZE=1", ADDRESS_TAKEN, "a@b", " SIZE=1"),
	CASE("FROM:Alice <a@b>", ADDRESS_TAKEN, "a@b", ""),
	CASE("FROM:a@b SIZE=1", ADDRESS_TAKEN, "a@b", "SIZE=1"),
	CASE("FROM:  a@b", ADDRESS_TAKEN, "a@b", ""),
	CASE("<a@b>", ADDRESS_TAKEN, "a@b", ""),
	CASE("", ADDRESS_MISSING, "", ""),
	CASE("a@b", ADDRESS_MISSING, "", ""),
	CASE("FROM:<@x,@y:a@b>", ADDRESS_TAKEN, "a@b", ""),
	CASE("FROM:<@x:@y:a@b>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<@x:@y>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<\"\"@b>", ADDRESS_TAKEN, "@b", ""),
	CASE("FROM:<\"\">", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<(x)a@b>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<\\(x\\)a@b>", ADDRESS_TAKEN, "(x)a@b", ""),
	CASE("FROM:<a,b;c>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:a>b@c", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a@b@c>", ADDRESS_TAKEN, "a@b@c", ""),
	CASE("FROM:<\"a@b\">", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<\"a@b\"@c>", ADDRESS_TAKEN, "a@b@c", ""),
	CASE("FROM:<a@\"b\">", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a@b\\c>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a@b(c)>", ADDRESS_TAKEN, "a@b(c)", ""),
	CASE("FROM:<@x>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<@>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<\"a b\"@c>", ADDRESS_TAKEN, "a b@c", ""),
	CASE("FROM:<\"a\\\"b\"@c>", ADDRESS_TAKEN, "a\"b@c", ""),
	CASE("FROM:<a\\>b@c>", ADDRESS_TAKEN, "a>b@c", ""),
	CASE("FROM:<\">\"@c> X", ADDRESS_TAKEN, ">@c", " X"),
	CASE("FROM:<a\"b c\"d@e>", ADDRESS_TAKEN, "ab cd@e", ""),
	CASE("FROM:", ADDRESS_MISSING, "", ""),
	CASE("FROM: ", ADDRESS_MISSING, "", ""),
	CASE("FROM:SIZE=100", ADDRESS_MISSING, "", ""),
	CASE("SIZE=100", ADDRESS_MISSING, "", ""),
	CASE("FROM:a=b@c", ADDRESS_TAKEN, "a=b@c", ""),
	CASE("FROM:joe", ADDRESS_TAKEN, "joe", ""),
	CASE("TO:a@b", ADDRESS_MISSING, "", ""),
	CASE("TO:<a@b>", ADDRESS_TAKEN, "a@b", ""),
	CASE("FROM:<\"a@b>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<\"test\"test\"@x.example>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a@b", ADDRESS_BROKEN, "", ""),
	CASE("FROM:\"a@b", ADDRESS_BROKEN, "", ""),
	CASE("FROM:a@b\\", ADDRESS_TAKEN, "a@b\\", ""),
	CASE("FROM:<a@b\\", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<@[IPv6:::1],@y:a@b>", ADDRESS_TAKEN, "a@b", ""),
	CASE("FROM:<@[IPv6:::1]>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a@[IPv6:2001:db8::1]>", ADDRESS_TAKEN,
	    "a@[IPv6:2001:db8::1]", ""),
	CASE("FROM:< a@b>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a\\ b@c>", ADDRESS_TAKEN, "a b@c", ""),
	CASE("FROM:<\"a\tb\"@c>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<\xc3\xa4@b>", ADDRESS_TAKEN, "\xc3\xa4@b", ""),
	CASE("FROM:<a@b SIZE=1", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a b@c>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a\0b@c>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a\\\0b@c>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a\rb@c>", ADDRESS_BROKEN, "", ""),
	CASE("FROM:<a@b>\0", ADDRESS_TAKEN, "a@b", "\0"),
};

static void
test_paths(void **state)
{
	struct str address = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span rest = SPAN("");

		assert_int_equal(address_parse_path(cases[i].argument,
				     SPAN("FROM:"), &address, &rest),
		    cases[i].result);
		if (cases[i].result != ADDRESS_TAKEN)
			continue;
		assert_true(span_equal(str_span(&address), cases[i].address));
		assert_true(span_equal(rest, cases[i].rest));
	}
	str_free(&address);
}

/* The limit counts what goes into the envelope. */
static void
test_limit(void **state)
{
	struct str path = STR_INIT, address = STR_INIT;
	struct span rest;

	(void)state;
	for (size_t len = ADDRESS_MAX - 1; len <= ADDRESS_MAX + 2; len++) {
		str_set(&path, SPAN("FROM:<@route:\""));
		for (size_t i = 0; i < len; i++)
			str_add_z(&path, "\\x");
		str_add_z(&path, "\">");
		assert_int_equal(address_parse_path(str_span(&path),
				     SPAN("FROM:"), &address, &rest),
		    len <= ADDRESS_MAX ? ADDRESS_TAKEN : ADDRESS_TOO_LONG);
	}
	str_free(&path);
	str_free(&address);
}

static void
test_domain(void **state)
{
	(void)state;
	assert_true(span_equal(address_domain(SPAN("a@b@c")), SPAN("c")));
	assert_int_equal(address_domain(SPAN("a")).len, 0);
	assert_int_equal(address_domain(SPAN("a@")).len, 0);
}

#define LABEL_63                           \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DOMAIN_255   LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63
#define U_63_UMLAUTS "\xc3\xa4" LABEL_63

static void
test_what_can_be_a_domain(void **state)
{
	static const char *const good[] = { "a", "a.b", "a-b.c", "a_b.c", "1.2",
		".a", "a.", ".", "\xc3\xa4.b", LABEL_63, DOMAIN_255,
		U_63_UMLAUTS, "[x]", "[IPv6:::1]" };
	static const char *const bad[] = { "", "..", "a..b", "..a", "a..", "-a",
		"a-", "a.-b", "a-.b", "a b", "a/b", "a@b", "a[1]", "[]", "[",
		"[x", "[x].", "[x]y", "[x[y]", "[x\\]", "[x y]", "[\xc3\xa4]",
		LABEL_63 "a", DOMAIN_255 ".", "a(b)", "a\tb" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(address_is_domain(span_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(address_is_domain(span_of(bad[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_what_can_be_a_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
