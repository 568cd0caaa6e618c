/* crlftext_test.c - text whose lines end in CR LF. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "mail/crlftext.h"

static const struct {
	const char *input, *text;
	bool has_lone_cr, has_lone_lf;
} cases[] = {
	{ "", "", false, false },
	{ "a\r\nb\r\n", "a\nb\n", false, false },
	{ "\r\n\r\n", "\n\n", false, false },
	{ ".\r\n..\r\n", ".\n..\n", false, false },
	{ "a", "a", false, false },
	{ "a\nb\r\n", "a\nb\n", false, true },
	{ "a\rb\r\n", "a\rb\n", true, false },
	{ "a\r\r\n", "a\r\n", true, false },
	{ "a\r", "a", true, false },
	{ "\n", "\n", false, true },
};

/* Whatever the sizes of the parts, the result is the same. */
static void
test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t size = 1; size < 8; size++) {
			struct crlftext text = CRLFTEXT_INIT;
			struct span rest = span_of(cases[i].input);
			struct str all = STR_INIT;

			while (rest.len) {
				struct span part = span_upto(rest, size), piece;

				rest = span_from(rest, size);
				while (crlftext_next(&text, &part, &piece))
					str_add(&all, piece);
				assert_int_equal(part.len, 0);
			}
			crlftext_end(&text);
			assert_string_equal(str_z(&all), cases[i].text);
			assert_int_equal(
			    text.has_lone_cr, cases[i].has_lone_cr);
			assert_int_equal(
			    text.has_lone_lf, cases[i].has_lone_lf);
			str_free(&all);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
