/* smtptext_test.c - the text after DATA. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "mail/smtptext.h"

#define CASE(input, event, text, rest, lone_cr)                             \
	{                                                                   \
		{ input, sizeof(input) - 1 }, event,                        \
		    { text, sizeof(text) - 1 }, { rest, sizeof(rest) - 1 }, \
		    lone_cr                                                 \
	}

static const struct {
	struct span input;
	enum smtptext_event event; /* the last one */
	struct span text, rest;
	bool has_lone_cr;
} cases[] = {
	CASE("", SMTPTEXT_HUNGRY, "", "", false),
	CASE(".\r\n", SMTPTEXT_END, "", "", false),
	CASE(".\r\nQUIT\r\n", SMTPTEXT_END, "", "QUIT\r\n", false),
	CASE("a: b\r\n\r\nc\r\n.\r\n", SMTPTEXT_END, "a: b\n\nc\n", "", false),
	CASE("\r\n.\r\n", SMTPTEXT_END, "\n", "", false),
	CASE("..\r\n...x\r\n.y\r\n.\r\n", SMTPTEXT_END, ".\n..x\ny\n", "",
	    false),
	CASE("a.b\r\n.\r\n", SMTPTEXT_END, "a.b\n", "", false),
	CASE("a\r\n.", SMTPTEXT_HUNGRY, "a\n", "", false),
	CASE("a\r\n.\r", SMTPTEXT_HUNGRY, "a\n", "", false),
	CASE("a\n", SMTPTEXT_LONE_LF, "", "", false),
	CASE("\n.\r\n", SMTPTEXT_LONE_LF, "", "", false),
	CASE("a\r\n.\n", SMTPTEXT_LONE_LF, "a\n", "", false),
	CASE("a\r\n\n", SMTPTEXT_LONE_LF, "a", "", false),
	CASE("a\rb\r\n.\r\n", SMTPTEXT_END, "a\rb\n", "", true),
	CASE("a\r\r\n.\r\n", SMTPTEXT_END, "a\r\n", "", true),
	CASE("a\r.\r\nb\r\n.\r\n", SMTPTEXT_END, "a\r.\nb\n", "", true),
	CASE("a\r\n.\r.\r\n.\r\n", SMTPTEXT_END, "a\n\r.\n", "", true),
	CASE("a\r\n.\r\r\n.\r\n", SMTPTEXT_END, "a\n\r\n", "", true),
	CASE("a\r\n\r.\r\n.\r\n", SMTPTEXT_END, "a\n\r.\n", "", true),
	CASE("a\r\n\0.\r\n.\r\n", SMTPTEXT_END, "a\n\0.\n", "", false),
	CASE("a\r\n.\0\r\n.\r\n", SMTPTEXT_END, "a\n\0\n", "", false),
	CASE("a\r\n .\r\n. \r\n.\r\n", SMTPTEXT_END, "a\n .\n \n", "", false),
};

/*
 * Each in parts of every size.  What was said before an LF alone may depend
 * on the parts; nobody uses it.
 */
static void
test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t step = 1; step <= cases[i].input.len + 1; step++) {
			struct smtptext text = SMTPTEXT_INIT;
			enum smtptext_event event = SMTPTEXT_HUNGRY;
			struct span rest = cases[i].input, piece;
			struct str got = STR_INIT;
			size_t used = 0;

			while (rest.len && event == SMTPTEXT_HUNGRY) {
				struct span part = span_upto(rest, step);
				size_t len = part.len;

				while ((event = smtptext_next(&text, &part,
					    &piece)) == SMTPTEXT_PIECE)
					str_add(&got, piece);
				used += len - part.len;
				rest = span_from(cases[i].input, used);
			}
			assert_int_equal(event, cases[i].event);
			assert_int_equal(
			    text.has_lone_cr, cases[i].has_lone_cr);
			if (event != SMTPTEXT_LONE_LF) {
				assert_true(
				    span_equal(str_span(&got), cases[i].text));
				assert_true(span_equal(rest, cases[i].rest));
			}
			str_free(&got);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
