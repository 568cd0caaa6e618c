/* forwardtext_test.c - instructions of setforward. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/forwardtext.h"

/* "target=command" or "target?owner" for each, "target;" at an end; X: fault. */
static const struct {
	const char *text, *events;
} cases[] = {
	{ "", "" },
	{ " # only a comment", "" },
	{ "a@h: b, c;", "a@h=&b a@h=&c a@h; " },
	{ "a:&b;c:?d,|e,!f,/g,./h;", "a=&b a; c?d c=|e c=!f c=/g c=./h c; " },
	{ "a: ;b:,,;", "a; b; " },
	{ ":a;", "=&a ; " },
	{ "r o\no\tt: a\n b;\n", "root=&ab root; " },
	{ "a\\,b: \\;c\\ d\\\ne;", "a,b=&;c d\ne a,b; " },
	{ "a\\:: \\&b;", "a:=&b a:; " },
	{ "a: b # , c;\n, d; # e", "a=&b a=&d a; " },
	{ "\"a\": \"b c\";", "\"a\"=&\"bc\" \"a\"; " },
	{ "a", "X" },
	{ "a;", "X" },
	{ "a, b: c;", "X" },
	{ "a: b", "X" },
	{ "a: b: c;", "X" },
	{ "a: b,", "a=&b X" },
	{ "a: b;\r\n", "a=&b a; X" },
	{ "a: b\\", "X" },
	{ "a: &;", "X" },
	{ "a: ?, b;", "X" },
	{ "a: |;", "X" },
	{ "a: b, !\\ \\\t;", "a=&b X" },
	{ "a: |:;", "X" },
	{ "a: |\\:;", "a=|: a; " },
};

static void
show(struct str *shown, const char *mark, const struct forwardtext *text)
{
	str_add(shown, str_span(&text->target));
	str_add_z(shown, mark);
	if (*mark != ';')
		str_add(shown, str_span(&text->word));
	str_add_byte(shown, ' ');
}

static void
run(struct span input, struct str *shown)
{
	struct forwardtext text = { .rest = input };

	for (;;)
		switch (forwardtext_next(&text)) {
		case FORWARDTEXT_COMMAND:
			show(shown, "=", &text);
			break;
		case FORWARDTEXT_OWNER:
			show(shown, "?", &text);
			break;
		case FORWARDTEXT_DONE:
			show(shown, ";", &text);
			break;
		case FORWARDTEXT_FAULT:
			assert_non_null(text.fault);
			str_add_byte(shown, 'X');
			forwardtext_free(&text);
			return;
		case FORWARDTEXT_END:
			forwardtext_free(&text);
			return;
		}
}

static void
test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str shown = STR_INIT;

		run(span_of(cases[i].text), &shown);
		assert_string_equal(str_z(&shown), cases[i].events);
		str_free(&shown);
	}
}

static void
test_nul(void **state)
{
	struct str shown = STR_INIT;

	(void)state;
	run(SPAN("a\0b: c;"), &shown);
	run(SPAN("a: |b\\\0c;"), &shown);
	assert_string_equal(str_z(&shown), "XX");
	str_free(&shown);
}

static void
test_lengths(void **state)
{
	struct str text = STR_INIT, shown = STR_INIT;

	(void)state;
	str_add_z(&text, "a:");
	for (int i = 0; i < 800; i++)
		str_add_byte(&text, 'x');
	str_add_z(&text, ";");
	run(str_span(&text), &shown);
	assert_int_equal(shown.len, 807);
	str_cut(&text, text.len - 1);
	str_add_z(&text, "y;");
	str_reset(&shown);
	run(str_span(&text), &shown);
	assert_string_equal(str_z(&shown), "X");
	str_free(&text);
	str_free(&shown);
}

/* What is written reads the same. */
static void
test_written(void **state)
{
	struct str all = STR_INIT, text = STR_INIT, shown = STR_INIT;
	struct forwardtext parsed = { .rest = SPAN("") };

	(void)state;
	str_add_byte(&all, '|');
	for (int c = 1; c < 256; c++)
		str_add_byte(&all, (char)c);
	forwardtext_add(&text, str_span(&all));
	str_add_z(&text, ":");
	forwardtext_add(&text, str_span(&all));
	str_add_z(&text, ";");
	parsed.rest = str_span(&text);
	assert_int_equal(forwardtext_next(&parsed), FORWARDTEXT_COMMAND);
	assert_true(span_equal(str_span(&parsed.target), str_span(&all)));
	assert_true(span_equal(str_span(&parsed.word), str_span(&all)));
	forwardtext_add(&shown, SPAN("a b,c;d:e#f\\g\th\ni\177j\377!\"~"));
	assert_string_equal(str_z(&shown),
	    "a\\ b\\,c\\;d\\:e\\#f\\\\g\\\th\\\ni\177j\\\377!\"~");
	forwardtext_free(&parsed);
	str_free(&all);
	str_free(&text);
	str_free(&shown);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
