/* words_test.c - lists of words as exec takes them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/words.h"

static void
test_words(void **state)
{
	struct words words = WORDS_INIT;
	char **at;

	(void)state;
	assert_null(words_end(&words)[0]);
	words_add(&words, SPAN("one"));
	words_add(&words, SPAN(""));
	at = words_end(&words);
	assert_string_equal(at[1], "");
	words_add_setting(&words, "NAME=", SPAN("value"));
	at = words_end(&words);
	assert_string_equal(at[0], "one");
	assert_string_equal(at[1], "");
	assert_string_equal(at[2], "NAME=value");
	assert_null(at[3]);
	words_free(&words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
