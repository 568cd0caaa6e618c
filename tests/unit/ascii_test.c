/* ascii_test.c - character classes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/ascii.h"

/* Which bytes belong to a class, compared with a definition in a string. */
static void
check_class(bool (*is_member)(char), const char *members)
{
	for (int i = 0; i < 256; i++) {
		bool wanted = false;

		for (const char *p = members; *p; p++)
			if (*p == (char)i)
				wanted = true;
		assert_int_equal(is_member((char)i), wanted);
	}
}

#define DIGITS "0123456789"
#define ALPHAS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void
test_classes(void **state)
{
	(void)state;
	check_class(ascii_is_digit, DIGITS);
	check_class(ascii_is_alpha, ALPHAS);
	check_class(ascii_is_alnum, DIGITS ALPHAS);
	check_class(ascii_is_blank, " \t");
	check_class(ascii_is_printable,
	    DIGITS ALPHAS " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
}

static void
test_lower(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		char wanted = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;

		assert_int_equal(ascii_lower(c), wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_lower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
