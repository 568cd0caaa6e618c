/* spfmacro_test.c - macros of SPF records. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "net/spfmacro.h"

/* What a text may be: d a domain, v a value, e an explanation. */
static const struct {
	const char *text, *kinds;
} texts[] = {
	{ "x.example", "dve" },
	{ "x.example.", "dve" },
	{ "x.example..", "ve" },
	{ "x.1a", "dve" },
	{ "x.a-1", "dve" },
	{ "x.-a", "ve" },
	{ "x.a-", "ve" },
	{ "x.123", "ve" },
	{ "x.a_b", "ve" },
	{ "x.", "ve" },
	{ ".", "ve" },
	{ "example", "ve" },
	{ "", "ve" },
	{ "%{d}", "dve" },
	{ "%{d}.example", "dve" },
	{ "%{d}example", "ve" },
	{ "a.b%{d}x", "ve" },
	{ "x.%%", "dve" },
	{ "x%_", "dve" },
	{ "x%-", "dve" },
	{ "x.%%a", "ve" },
	{ "%{S2r.-+,/_=}", "dve" },
	{ "%{c}", "ve" },
	{ "%{R}.example", "ve" },
	{ "%{t}.example", "ve" },
	{ "%{x}", "" },
	{ "%{}", "" },
	{ "%{d", "" },
	{ "%{d0}", "" },
	{ "%{d00}", "" },
	{ "%{d01}", "dve" },
	{ "%{d99999999999999999999}", "dve" },
	{ "%{drr}", "" },
	{ "%{dr2}", "" },
	{ "%{d!}", "" },
	{ "%{ d}", "" },
	{ "%", "" },
	{ "a%b.example", "" },
	{ "a b", "e" },
	{ " ", "e" },
	{ "a\tb", "" },
	{ "a\x7f.example", "" },
	{ "\xc3\xa4.example", "" },
};

static void
test_syntax(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct span text = span_of(texts[i].text);
		struct str kinds = STR_INIT;

		if (spfmacro_is_domain(text))
			str_add_byte(&kinds, 'd');
		if (spfmacro_is_value(text))
			str_add_byte(&kinds, 'v');
		if (spfmacro_is_explanation(text))
			str_add_byte(&kinds, 'e');
		if (strcmp(str_z(&kinds), texts[i].kinds) != 0)
			fail_msg("%s: %s", texts[i].text, str_z(&kinds));
		str_free(&kinds);
	}
}

static struct spfmacro_values
values(struct span client)
{
	struct spfmacro_values values = {
		.sender = SPAN("strong-bad@email.example.com"),
		.local_part = SPAN("strong-bad"),
		.sender_domain = SPAN("email.example.com"),
		.domain = SPAN("email.example.com"),
		.helo = SPAN("a b/c~d"),
		.validated_name = SPAN("mx.example.org"),
		.receiver = SPAN("us.example"),
		.now = 1234,
	};

	assert_true(ip_parse(client, &values.client));
	return values;
}

/* The first are those of RFC 7208 7.4. */
static const struct {
	const char *text, *expanded;
} expansions[] = {
	{ "%{s}", "strong-bad@email.example.com" },
	{ "%{o}", "email.example.com" },
	{ "%{d}", "email.example.com" },
	{ "%{d4}", "email.example.com" },
	{ "%{d3}", "email.example.com" },
	{ "%{d2}", "example.com" },
	{ "%{d1}", "com" },
	{ "%{dr}", "com.example.email" },
	{ "%{d2r}", "example.email" },
	{ "%{l}", "strong-bad" },
	{ "%{l-}", "strong.bad" },
	{ "%{lr}", "strong-bad" },
	{ "%{lr-}", "bad.strong" },
	{ "%{l1r-}", "strong" },
	{ "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" },
	{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
	    "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
	{ "%{d2}.trusted-domains.example.net",
	    "example.com.trusted-domains.example.net" },
	{ "%{p}/%{r}/%{t}/%{c}", "mx.example.org/us.example/1234/192.0.2.3" },
	{ "%{h}", "a b/c~d" },
	{ "%{H}", "a%20b%2Fc~d" },
	{ "%{H/}", "a%20b.c~d" },
	{ "%{S}", "strong-bad%40email.example.com" },
	{ "%{D1}", "com" },
	{ "%{s1.-}", "com" },
	{ "%{sr.-}", "com.example.bad@email.strong" },
	{ "%{s2r.-}", "bad@email.strong" },
	{ "%%%_%-", "% %20" },
	{ "as it is", "as it is" },
	{ "", "" },
};

static void
test_expansions(void **state)
{
	struct spfmacro_values known = values(SPAN("192.0.2.3"));

	(void)state;
	for (size_t i = 0; i < sizeof(expansions) / sizeof(expansions[0]);
	     i++) {
		struct span text = span_of(expansions[i].text);
		struct str out = STR_INIT;

		str_add_z(&out, "> ");
		assert_int_equal(spfmacro_is_explanation(text),
		    expansions[i].expanded != NULL);
		if (expansions[i].expanded) {
			assert_true(spfmacro_expand(&out, text, &known));
			assert_string_equal(
			    str_z(&out) + 2, expansions[i].expanded);
		}
		str_free(&out);
	}
}

static void
test_six(void **state)
{
	struct spfmacro_values known = values(SPAN("2001:db8::cb01"));
	struct str out = STR_INIT;

	(void)state;
	assert_true(
	    spfmacro_expand(&out, SPAN("%{ir}.%{v}|%{i3}|%{c}"), &known));
	assert_string_equal(str_z(&out),
	    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
	    ".ip6|b.0.1|2001:db8::cb01");
	str_free(&out);
}

/* Empty parts are parts. */
static void
test_empty_parts(void **state)
{
	struct spfmacro_values known = values(SPAN("192.0.2.3"));
	struct str out = STR_INIT;

	(void)state;
	known.local_part = SPAN("-a--b-");
	assert_true(spfmacro_expand(
	    &out, SPAN("%{l-}|%{lr-}|%{l2-}|%{l2r-}|%{l9-}"), &known));
	assert_string_equal(str_z(&out), ".a..b.|.b..a.|b.|a.|.a..b.");
	str_reset(&out);
	known.local_part = SPAN("");
	assert_true(spfmacro_expand(
	    &out, SPAN("<%{l}%{lr}%{l1}%{l1r-}%{L}>"), &known));
	assert_string_equal(str_z(&out), "<>");
	str_free(&out);
}

/* RFC 8616 4: matches nothing. */
static void
test_foreign(void **state)
{
	struct spfmacro_values known = values(SPAN("192.0.2.3"));
	struct str out = STR_INIT;

	(void)state;
	known.local_part = SPAN("\xc3\xa4.b");
	assert_false(spfmacro_expand(&out, SPAN("%{l}"), &known));
	assert_false(spfmacro_expand(&out, SPAN("%{l1}"), &known));
	assert_false(spfmacro_expand(&out, SPAN("%{L}"), &known));
	assert_true(spfmacro_expand(&out, SPAN("%{d}"), &known));
	str_free(&out);
}

static bool
fits(size_t bytes, struct span text)
{
	struct spfmacro_values known = values(SPAN("192.0.2.3"));
	struct str out = STR_INIT, local = STR_INIT;
	bool is_fitting;

	for (size_t i = 0; i < bytes; i++)
		str_add_byte(&local, '=');
	known.local_part = str_span(&local);
	is_fitting = spfmacro_expand(&out, text, &known);
	assert_true(out.len <= SPFMACRO_MAX * 4);
	str_free(&local);
	str_free(&out);
	return is_fitting;
}

static void
test_limit(void **state)
{
	(void)state;
	assert_true(fits(SPFMACRO_MAX, SPAN("%{l}")));
	assert_false(fits(SPFMACRO_MAX, SPAN("%{l}x")));
	assert_false(fits(SPFMACRO_MAX + 1, SPAN("%{l}")));
	assert_true(fits(SPFMACRO_MAX, SPAN("%{l1=}")));
	assert_false(fits(SPFMACRO_MAX + 1, SPAN("%{l1=}")));
	assert_true(fits(SPFMACRO_MAX / 2, SPAN("%{l}%{l}")));
	assert_false(fits(SPFMACRO_MAX / 2, SPAN("%{l}%{l}%{l}%{l}%{l}%{l}")));
	assert_false(fits(SPFMACRO_MAX / 2, SPAN("%{L}")));
}

static void
test_has(void **state)
{
	(void)state;
	assert_true(spfmacro_has(SPAN("a%{P1}"), 'p'));
	assert_true(spfmacro_has(SPAN("%%%{d}%{p}"), 'p'));
	assert_false(spfmacro_has(SPAN("p%%p{p}%{d}"), 'p'));
	assert_false(spfmacro_has(SPAN(""), 'p'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_expansions),
		cmocka_unit_test(test_six),
		cmocka_unit_test(test_empty_parts),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
