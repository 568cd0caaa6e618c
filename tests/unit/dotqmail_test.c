/* dotqmail_test.c - the lines of a .qmail file. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/dotqmail.h"

static const struct {
	struct span line;
	enum dotqmail_kind kind;
	struct span text;
} cases[] = {
	{ { "", 0 }, DOTQMAIL_BLANK, { "", 0 } },
	{ { " \t \r", 4 }, DOTQMAIL_BLANK, { "", 0 } },
	{ { "\0./Box", 6 }, DOTQMAIL_BLANK, { "\0./Box", 6 } },
	{ { "# x", 3 }, DOTQMAIL_COMMENT, { "# x", 3 } },
	{ { "./Box", 5 }, DOTQMAIL_MBOX, { "./Box", 5 } },
	{ { "./My Box \t", 10 }, DOTQMAIL_MBOX, { "./My Box", 8 } },
	{ { "./Box\r", 6 }, DOTQMAIL_MBOX, { "./Box", 5 } },
	{ { ".", 1 }, DOTQMAIL_MBOX, { ".", 1 } },
	{ { "/", 1 }, DOTQMAIL_MAILDIR, { "/", 1 } },
	{ { "./Maildir/ ", 11 }, DOTQMAIL_MAILDIR, { "./Maildir/", 10 } },
	{ { "|a b ", 5 }, DOTQMAIL_PROGRAM, { "a b", 3 } },
	{ { "|", 1 }, DOTQMAIL_PROGRAM, { "", 0 } },
	{ { "&a@b", 4 }, DOTQMAIL_FORWARD, { "a@b", 3 } },
	{ { "&", 1 }, DOTQMAIL_FORWARD, { "", 0 } },
	{ { "a@b", 3 }, DOTQMAIL_FORWARD, { "a@b", 3 } },
	{ { " # x", 4 }, DOTQMAIL_FORWARD, { " # x", 4 } },
	{ { "+list", 5 }, DOTQMAIL_LIST, { "+list", 5 } },
	{ { "+lists", 6 }, DOTQMAIL_COMMENT, { "+lists", 6 } },
	{ { "+", 1 }, DOTQMAIL_COMMENT, { "+", 1 } },
	{ { "./Box\0x", 7 }, DOTQMAIL_BROKEN, { "./Box\0x", 7 } },
	{ { "&a@b\0", 5 }, DOTQMAIL_BROKEN, { "&a@b\0", 5 } },
	{ { "#\0", 2 }, DOTQMAIL_COMMENT, { "#\0", 2 } },
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = STR_INIT;
		struct dotqmail_line line;
		struct span rest;

		str_set(&text, cases[i].line);
		str_add_z(&text, "\nx");
		rest = str_span(&text);
		assert_true(dotqmail_next(&rest, &line));
		assert_int_equal(line.kind, cases[i].kind);
		assert_true(span_equal(line.text, cases[i].text));
		assert_true(dotqmail_next(&rest, &line));
		assert_int_equal(line.kind, DOTQMAIL_FORWARD);
		assert_false(dotqmail_next(&rest, &line));
		str_free(&text);
	}
}

static void
test_extension(void **state)
{
	struct str name = STR_INIT;

	(void)state;
	dotqmail_add_extension(&name, SPAN("../A.b-\xc9"));
	assert_string_equal(str_z(&name), "::/a:b-\xc9");
	str_free(&name);
}

static void
test_names(void **state)
{
	static const struct {
		const char *dash, *extension, *names[6];
	} addresses[] = {
		{ "-", "a-b",
		    { ".qmail-a-b", ".qmail-a-default", ".qmail-default" } },
		{ "-", "A.b", { ".qmail-a:b", ".qmail-default" } },
		{ "-", "a-",
		    { ".qmail-a-", ".qmail-a-default", ".qmail-default" } },
		{ "-", "", { ".qmail-", ".qmail-default" } },
		{ "", "", { ".qmail", ".qmaildefault" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct dotqmail_names names =
		    dotqmail_names_begin(span_of(addresses[i].dash),
			span_of(addresses[i].extension));
		struct str name = STR_INIT;
		size_t n = 0;

		while (dotqmail_names_next(&names, &name)) {
			assert_string_equal(
			    str_z(&name), addresses[i].names[n]);
			assert_int_equal(names.is_default, n > 0);
			n++;
		}
		assert_null(addresses[i].names[n]);
		str_free(&name);
	}
}

static void
test_exit_codes(void **state)
{
	static const int permanent[] = { 64, 65, 70, 76, 77, 78, 100, 112 };
	int count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(permanent) / sizeof(*permanent); i++)
		assert_true(dotqmail_is_permanent(permanent[i]));
	for (int code = 0; code < 256; code++)
		count += dotqmail_is_permanent(code);
	assert_int_equal(count, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_extension),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
