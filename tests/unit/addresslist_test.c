/* addresslist_test.c - fields that hold addresses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/addresslist.h"

struct list_case {
	const char *body;
	enum addresslist_result result;
	const char *addresses; /* each followed by | */
	const char *written;   /* NULL: not looked at */
};

static const struct list_case cases[] = {
	{ "", ADDRESSLIST_FINE, "", "To:\n" },
	{ " \n", ADDRESSLIST_FINE, "", "To:\n" },
	{ "\ta@b\n", ADDRESSLIST_FINE, "a@b|", "To: a@b\n" },
	{ "a,b", ADDRESSLIST_FINE, "a|b|", "To: a, b\n" },
	{ "a b", ADDRESSLIST_FINE, "a|b|", "To: a, b\n" },
	{ "a b@c d", ADDRESSLIST_FINE, "a|b@c|d|", "To: a, b@c, d\n" },
	{ ",,", ADDRESSLIST_FINE, "", "To: , ,\n" },
	{ "a,", ADDRESSLIST_FINE, "a|", "To: a,\n" },
	{ "(x)", ADDRESSLIST_FINE, "", "To: (x)\n" },
	{ "(x) a (y)", ADDRESSLIST_FINE, "a|", "To: a (x) (y)\n" },
	{ "a (x) b", ADDRESSLIST_FINE, "a|b|", "To: a, b (x)\n" },
	{ "a, (x), b", ADDRESSLIST_FINE, "a|b|", "To: a, (x), b\n" },
	{ "Joe B <a@b>", ADDRESSLIST_FINE, "a@b|", "To: Joe B <a@b>\n" },
	{ "J. B <a@b>", ADDRESSLIST_FINE, "a@b|", "To: J. B <a@b>\n" },
	{ "J.\tB\n  (c)\"d\" <a@b>", ADDRESSLIST_FINE, "a@b|",
	    "To: J.\tB  (c)\"d\" <a@b>\n" },
	{ "\xc3\xa4 \xff <a@b>", ADDRESSLIST_FINE, "a@b|",
	    "To: \xc3\xa4 \xff <a@b>\n" },
	{ "\"[x] y\" <a@b>", ADDRESSLIST_FINE, "a@b|",
	    "To: \"[x] y\" <a@b>\n" },
	{ "=?u?q?a?= =?u?q?b.c?= <a@b>", ADDRESSLIST_FINE, "a@b|",
	    "To: =?u?q?a?= =?u?q?b.c?= <a@b>\n" },
	{ "x@y z =?u?q?a@b?= =?u?q?c?= [d\"] <a@b>", ADDRESSLIST_FINE, "a@b|",
	    "To: \"x@y z\" =?u?q?a@b?= =?u?q?c?= \"[d\\\"]\" <a@b>\n" },
	{ "x@=?u?q?c?=y =?u?q?d?=z =?u?q?(c)?= <a@b>", ADDRESSLIST_FINE, "a@b|",
	    "To: \"x@=?u?q?c?=y =?u?q?d?=z =?u?q? ?=\" (c) <a@b>\n" },
	{ "=?u?q?a b?= @ =?u?q? <a@b>", ADDRESSLIST_FINE, "a@b|",
	    "To: \"=?u?q?a b?=@=?u?q?\" <a@b>\n" },
	{ "x@y <a@b>", ADDRESSLIST_FINE, "a@b|", "To: \"x@y\" <a@b>\n" },
	{ "[x] (c) <a@b>", ADDRESSLIST_FINE, "a@b|",
	    "To: \"[x]\" (c) <a@b>\n" },
	{ "<a@b> (c)", ADDRESSLIST_FINE, "a@b|", "To: <a@b>(c)\n" },
	{ "<a (c) @b>", ADDRESSLIST_FINE, "a@b|", "To: <a@b (c)>\n" },
	{ "<a><b>", ADDRESSLIST_FINE, "a|b|", "To: <a>, <b>\n" },
	{ "<a> b", ADDRESSLIST_FINE, "a|b|", "To: <a>, b\n" },
	{ "<a> B <b>", ADDRESSLIST_FINE, "a|b|", "To: <a>, B <b>\n" },
	{ "<>", ADDRESSLIST_FINE, "|", "To: <>\n" },
	{ "<@r,@s:a@b>", ADDRESSLIST_FINE, "a@b|", "To: <a@b>\n" },
	{ "<@r:@s:a@b>", ADDRESSLIST_FINE, "a@b|", "To: <a@b>\n" },
	{ "<@r:>", ADDRESSLIST_FINE, "|", "To: <>\n" },
	{ "@b", ADDRESSLIST_FINE, "@b|", "To: @b\n" },
	{ "\"a b\"@c", ADDRESSLIST_FINE, "a b@c|", "To: \"a b\"@c\n" },
	{ "g: a, b;, c", ADDRESSLIST_FINE, "a|b|c|", "To: g: a, b;, c\n" },
	{ "g: a; c", ADDRESSLIST_FINE, "a|c|", "To: g: a;, c\n" },
	{ "g:;", ADDRESSLIST_FINE, "", "To: g: ;\n" },
	{ "a;", ADDRESSLIST_FINE, "a|", "To: a;\n" },
	{ "g: a; h: b;", ADDRESSLIST_FINE, "a|b|", "To: g: a;, h: b;\n" },
	{ "a;b;", ADDRESSLIST_MALFORMED, NULL, NULL },
	{ "g: a", ADDRESSLIST_UNCLOSED, "a|", NULL },
	{ "x, m:a, b", ADDRESSLIST_UNCLOSED, "x|a|b|", NULL },
	{ "g: h: a;", ADDRESSLIST_UNCLOSED, "a|", NULL },
	{ "<a", ADDRESSLIST_MALFORMED, NULL, NULL },
	{ "a>", ADDRESSLIST_MALFORMED, NULL, NULL },
	{ "<<a>>", ADDRESSLIST_MALFORMED, NULL, NULL },
	{ "<a, b>", ADDRESSLIST_MALFORMED, NULL, NULL },
	{ "<@a, b>", ADDRESSLIST_MALFORMED, NULL, NULL },
	{ "a, (b", ADDRESSLIST_MALFORMED, NULL, NULL },
	{ "a, <\"b>", ADDRESSLIST_MALFORMED, NULL, NULL },
	{ "a ) b", ADDRESSLIST_MALFORMED, NULL, NULL },
};

static void
note_address(void *context, struct token822_list *address)
{
	token822_list_add_plain(context, address);
	str_add_byte(context, '|');
}

static void
test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str written = STR_INIT, addresses = STR_INIT;
		enum addresslist_result result =
		    addresslist_rewrite(SPAN("To"), span_of(cases[i].body),
			note_address, &addresses, 10000, &written);

		if (result != cases[i].result)
			fail_msg("result for %s", cases[i].body);
		if (cases[i].addresses)
			assert_string_equal(
			    str_z(&addresses), cases[i].addresses);
		if (cases[i].written)
			assert_string_equal(str_z(&written), cases[i].written);
		str_free(&written);
		str_free(&addresses);
	}
}

/* Nothing that is folded in the middle of a name gets too long for a line. */
static void
test_long_names(void **state)
{
	static const char *const ends[] = { " <a@b>", ")" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct str body = STR_INIT, written = STR_INIT,
			   found = STR_INIT;
		struct span rest, line;

		str_add_z(&body, i ? "a@b (" : "");
		for (int j = 0; j < 300; j++)
			str_add_z(&body, "some \\ \n words ");
		str_add_z(&body, ends[i]);
		assert_int_equal(
		    addresslist_rewrite(SPAN("To"), str_span(&body),
			note_address, &found, 100000, &written),
		    ADDRESSLIST_FINE);
		assert_string_equal(str_z(&found), "a@b|");
		rest = str_span(&written);
		while (span_cut_next(&rest, '\n', &line)) {
			assert_true(line.len <= 998);
			assert_false(span_ends(line, SPAN("\\")));
			assert_true(span_trim(line).len > 0);
		}
		str_free(&body);
		str_free(&written);
		str_free(&found);
	}
}

/* The second of two addresses is as long as asked for. */
static void
write_line(size_t len, const char *end, struct str *written)
{
	struct str body = STR_INIT, addresses = STR_INIT;

	str_add_z(&body, "a, ");
	for (size_t i = 0; i < len - sizeof("To: a, ") + 1; i++)
		str_add_byte(&body, 'y');
	str_add_z(&body, end);
	assert_int_equal(addresslist_rewrite(SPAN("To"), str_span(&body),
			     note_address, &addresses, 10000, written),
	    ADDRESSLIST_FINE);
	str_free(&body);
	str_free(&addresses);
}

static void
test_folding(void **state)
{
	static const struct {
		size_t len; /* of the line if it is not folded */
		const char *end;
		bool is_folded;
	} lines[] = { { 78, "", false }, { 79, "", true }, { 77, ",b", false },
		{ 78, ",b", true } };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct str written = STR_INIT;
		bool is_folded;

		write_line(lines[i].len, lines[i].end, &written);
		is_folded =
		    span_starts(str_span(&written), SPAN("To: a,\n  y"));
		assert_int_equal(is_folded, lines[i].is_folded);
		str_free(&written);
	}
}

static void
drop_address(void *context, struct token822_list *address)
{
	(void)context;
	address->tokens.len = 0;
}

static void
test_changed_address(void **state)
{
	struct str written = STR_INIT;

	(void)state;
	assert_int_equal(addresslist_rewrite(SPAN("cC"), SPAN("A <a>, b (c)"),
			     drop_address, NULL, 100, &written),
	    ADDRESSLIST_FINE);
	assert_string_equal(str_z(&written), "cC: A <>, (c)\n");
	str_free(&written);
}

static void
test_limit(void **state)
{
	struct str written = STR_INIT, addresses = STR_INIT;

	(void)state;
	str_add_z(&written, "before");
	assert_int_equal(addresslist_rewrite(SPAN("To"), SPAN("a, b, c, d"),
			     note_address, &addresses, 10, &written),
	    ADDRESSLIST_TOO_LARGE);
	str_free(&written);
	str_free(&addresses);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_changed_address),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
