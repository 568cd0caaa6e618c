/* logfield_test.c - words of a line of a log. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/logfield.h"

static void
test_words(void **state)
{
	struct span words =
	    SPAN("pid=31 helo=\"a b=c\" to=\"\" end= last=\"x\"");
	static const char *const wanted[][2] = { { "pid", "31" },
		{ "helo", "a b=c" }, { "to", "" }, { "end", "" },
		{ "last", "x" } };
	struct logfield field;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		assert_true(words.len > 0);
		assert_true(logfield_cut(&words, &field));
		assert_true(span_equal(field.name, span_of(wanted[i][0])));
		assert_true(span_equal(field.value, span_of(wanted[i][1])));
		assert_int_equal(field.is_quoted, i != 0 && i != 3);
	}
	assert_int_equal(words.len, 0);
}

static void
test_what_is_no_word(void **state)
{
	static const char *const lines[] = { "word", "=x", "a b=c", "a=\"x",
		"a=\"x\"y=1", "a=\"x\"\"", " a=b" };
	struct logfield field;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct span words = span_of(lines[i]);

		assert_false(logfield_cut(&words, &field));
	}
}

static void
test_values(void **state)
{
	static const struct {
		const char *value, *bytes;
	} cases[] = {
		{ "plain", "plain" },
		{ "\\x22\\x5cx\\xe9\\xFf", "\"\\x\xe9\xff" },
		{ "\\", "\\" },
		{ "\\\\x41", "\\A" },
		{ "\\x4", "\\x4" },
		{ "\\xg0\\x0", "\\xg0\\x0" },
		{ "\\n", "\\n" },
	};
	struct logfield field = { SPAN("name"), SPAN(""), true };
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		str_reset(&text);
		field.value = span_of(cases[i].value);
		logfield_add_value(&text, &field);
		assert_string_equal(str_z(&text), cases[i].bytes);
	}
	/* What stands behind the value is none of it. */
	str_reset(&text);
	field.value = span_upto(SPAN("\\x41"), 3);
	logfield_add_value(&text, &field);
	assert_string_equal(str_z(&text), "\\x4");
	str_reset(&text);
	field = (struct logfield){ SPAN("name"), SPAN("\\x41"), false };
	logfield_add_value(&text, &field);
	assert_string_equal(str_z(&text), "\\x41");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_what_is_no_word),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
