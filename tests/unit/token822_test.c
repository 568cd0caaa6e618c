/* token822_test.c - the words of header fields. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/token822.h"

/* Text, as written again, as meant; NULL: cannot be cut. */
static const char *const cases[][3] = {
	{ "", "", "" },
	{ " \t\r\n ", "", "" },
	{ "fred", "fred", "fred" },
	{ "a b", "a b", "ab" },
	{ "a@b.c", "a@b.c", "a@b.c" },
	{ "a @ b . c", "a@b.c", "a@b.c" },
	{ "Fred<a@b>", "Fred <a@b>", "Fred<a@b>" },
	{ "g:a,b;", "g: a, b;", "g:a,b;" },
	{ "\"a b\"", "\"a b\"", "a b" },
	{ "\"a\\\"b\"", "\"a\\\"b\"", "a\"b" },
	{ "\"a\\x\"", "\"ax\"", "ax" },
	{ "\"a\r\n b\"", "\"a b\"", "a b" },
	{ "(a(b)c)", "(a(b)c)", "" },
	{ "(a\\)b)", "(a\\)b)", "" },
	{ "(a\"b)", "(a\\\"b)", "" },
	{ "[10.0.0.1]", "[10.0.0.1]", "[10.0.0.1]" },
	{ "[a\\b]", "[ab]", "[ab]" },
	{ "a\\,b", "\"a,b\"", "a,b" },
	{ "a\\ b", "\"a b\"", "a b" },
	{ "a\\.b", "\"a.b\"", "a.b" },
	{ "fr)ed", "\"fr\\)ed\"", "fr)ed" },
	{ "a]", "\"a\\]\"", "a]" },
	{ "j\xf6", "\"j\xf6\"", "j\xf6" },
	{ "()", "()", "" },
	{ "\"\"", "\"\"", "" },
	{ "(", NULL, NULL },
	{ "(()", NULL, NULL },
	{ "(\\)", NULL, NULL },
	{ ")", NULL, NULL },
	{ "a )", NULL, NULL },
	{ "]", NULL, NULL },
	{ "[a", NULL, NULL },
	{ "\"a", NULL, NULL },
	{ "\"a\\\"", NULL, NULL },
	{ "a\\", NULL, NULL },
	{ "a\\\n", NULL, NULL },
	{ "\"a\\\nb\"", NULL, NULL },
};

static void
test_cut_and_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str written = STR_INIT, plain = STR_INIT;
		struct span rest = span_of(cases[i][0]);
		enum token822_type before = TOKEN822_NONE;
		struct token822 token;
		int got;

		while ((got = token822_next(&rest, &token)) > 0) {
			token822_add_written(&written, before, &token);
			token822_add_plain(&plain, &token);
			before = token.type;
		}
		assert_int_equal(got, cases[i][1] ? 0 : -1);
		if (cases[i][1]) {
			assert_string_equal(str_z(&written), cases[i][1]);
			assert_string_equal(str_z(&plain), cases[i][2]);
		}
		str_free(&written);
		str_free(&plain);
	}
}

static void
test_nul_is_malformed(void **state)
{
	static const struct span texts[] = { { "\0", 1 }, { "a\0b", 3 },
		{ "\"a\0\"", 4 }, { "(\\\0)", 4 }, { "a\\\0", 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct span rest = texts[i];
		struct token822 token;
		int got;

		while ((got = token822_next(&rest, &token)) > 0)
			continue;
		assert_int_equal(got, -1);
	}
}

/* Text of ours that is no header text yet: nothing in it breaks out. */
static void
test_plain_is_escaped(void **state)
{
	static const struct {
		enum token822_type type;
		const char *text, *written;
	} plain[] = {
		{ TOKEN822_QUOTED, "A (B) [C]", "\"A \\(B\\) \\[C\\]\"" },
		{ TOKEN822_QUOTED, "a\"\\b", "\"a\\\"\\\\b\"" },
		{ TOKEN822_QUOTED, "a\nBcc: b", "\"aBcc: b\"" },
		{ TOKEN822_COMMENT, "a)b", "(a\\)b)" },
		{ TOKEN822_COMMENT, "a\rb", "(ab)" },
		{ TOKEN822_ATOM, "one(x)", "\"one\\(x\\)\"" },
		{ TOKEN822_ATOM, "a\\", "\"a\\\\\"" },
		{ TOKEN822_ATOM, "a.b", "a.b" },
		{ TOKEN822_LITERAL, "::1", "[::1]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		struct str written = STR_INIT;
		struct token822 token =
		    token822_plain(plain[i].type, span_of(plain[i].text));

		token822_add_written(&written, TOKEN822_NONE, &token);
		assert_string_equal(str_z(&written), plain[i].written);
		str_free(&written);
	}
}

static void
test_lists(void **state)
{
	struct token822_list list = TOKEN822_LIST_INIT;
	struct token822_list more = TOKEN822_LIST_INIT;
	struct str plain = STR_INIT;

	(void)state;
	assert_int_equal(token822_list_parse(&list, SPAN("a(x)@")), 0);
	assert_int_equal(token822_list_parse(&more, SPAN("b . c")), 0);
	token822_list_add_list(&list, &more);
	assert_int_equal(list.tokens.len, 5);
	token822_list_add_plain(&plain, &list);
	assert_string_equal(str_z(&plain), "a@b.c");
	assert_int_equal(token822_list_parse(&more, SPAN("(x")), -1);
	vec_free(&list.tokens);
	vec_free(&more.tokens);
	str_free(&plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_and_write),
		cmocka_unit_test(test_nul_is_malformed),
		cmocka_unit_test(test_plain_is_escaped),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
