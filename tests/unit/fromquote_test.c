/* fromquote_test.c - making a message fit for an mbox. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "mail/fromquote.h"

static const char *const cases[][2] = {
	{ "", "" },
	{ "a", "a\n" },
	{ "a\n", "a\n" },
	{ "From x", ">From x\n" },
	{ "From ", ">From \n" },
	{ "From", "From\n" },
	{ "F", "F\n" },
	{ "\n", "\n" },
	{ ">", ">\n" },
	{ ">>>", ">>>\n" },
	{ ">F", ">F\n" },
	{ "a\n>From b\n>>From c\n", "a\n>>From b\n>>>From c\n" },
	{ "> From d\nFROM e\nFrom\n From f\nFromage\n",
	    "> From d\nFROM e\nFrom\n From f\nFromage\n" },
	{ "FFrom x\nFroFrom x\n", "FFrom x\nFroFrom x\n" },
	{ "F>From x\n>F>From x\n", "F>From x\n>F>From x\n" },
	{ "x From y\nFrom\n\nFrom z\r\n", "x From y\nFrom\n\n>From z\r\n" },
};

/* Each message in parts of every size. */
static void
test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span message = span_of(cases[i][0]), piece;

		for (size_t step = 1; step <= message.len + 1; step++) {
			struct fromquote quote = FROMQUOTE_INIT;
			struct span rest = message;
			struct str got = STR_INIT;

			while (rest.len) {
				struct span part = span_upto(rest, step);

				while (fromquote_next(&quote, &part, &piece))
					str_add(&got, piece);
				rest = span_from(rest, step);
			}
			while ((piece = fromquote_end(&quote)).len)
				str_add(&got, piece);
			assert_string_equal(str_z(&got), cases[i][1]);
			str_free(&got);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
