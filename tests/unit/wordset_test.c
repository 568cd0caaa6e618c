/* wordset_test.c - words without regard to case. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* Counts the bytes that are looked at. */
#include "base/ascii.h"
static size_t looked_at;

static char
count_lower(char c)
{
	looked_at++;
	return ascii_lower(c);
}

#define ascii_lower count_lower
#include "../../src/lib/base/wordset.c"

static void
test_find(void **state)
{
	struct wordset set = WORDSET_INIT;
	struct span value = SPAN("untouched");

	(void)state;
	assert_true(wordset_is_empty(&set));
	assert_false(wordset_find(&set, SPAN("a"), &value));
	wordset_add(&set, SPAN("Host.Example"), SPAN("v"));
	wordset_add(&set, SPAN("other"), SPAN(""));
	wordset_add(&set, SPAN(""), SPAN("empty"));
	assert_false(wordset_is_empty(&set));
	assert_true(wordset_find(&set, SPAN("hOST.eXAMPLE"), &value));
	assert_true(span_equal(value, SPAN("v")));
	assert_true(wordset_find(&set, SPAN(""), &value));
	assert_true(span_equal(value, SPAN("empty")));
	assert_true(wordset_find(&set, SPAN("OTHER"), NULL));
	assert_false(wordset_find(&set, SPAN("othe"), NULL));
	assert_false(wordset_find(&set, SPAN("otherv"), NULL));
	wordset_free(&set);
	assert_true(wordset_is_empty(&set));
}

/* Letters of another case make another word. */
static void
test_exactly(void **state)
{
	struct wordset set = WORDSET_INIT;

	(void)state;
	assert_false(wordset_has_exactly(&set, SPAN("")));
	wordset_add(&set, SPAN("Joe"), SPAN("1"));
	assert_true(wordset_has_exactly(&set, SPAN("Joe")));
	assert_false(wordset_has_exactly(&set, SPAN("joe")));
	wordset_add(&set, SPAN("joe"), SPAN("2"));
	assert_true(wordset_has_exactly(&set, SPAN("joe")));
	assert_true(wordset_has_exactly(&set, SPAN("Joe")));
	wordset_free(&set);
}

static void
test_last_wins(void **state)
{
	struct wordset set = WORDSET_INIT;
	struct span value;

	(void)state;
	wordset_add(&set, SPAN("a"), SPAN("1"));
	wordset_add(&set, SPAN("A"), SPAN("2"));
	assert_true(wordset_find(&set, SPAN("a"), &value));
	assert_true(span_equal(value, SPAN("2")));
	wordset_free(&set);
}

static void
test_many(void **state)
{
	struct wordset set = { .seed = 99 };
	struct str word = STR_INIT;
	struct span value;

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		str_reset(&word);
		str_add_u64(&word, i % 4000);
		wordset_add(&set, str_span(&word),
		    i < 4000 ? SPAN("old") : SPAN("new"));
	}
	for (uint64_t i = 0; i < 4001; i++) {
		str_reset(&word);
		str_add_u64(&word, i);
		assert_int_equal(
		    wordset_find(&set, str_span(&word), &value), i < 4000);
		assert_true(
		    span_equal(value, i < 1000 ? SPAN("new") : SPAN("old")));
	}
	str_free(&word);
	wordset_free(&set);
}

/* Each end of a long name, as for suffixes of domains. */
static void
test_long_words_cost_nothing(void **state)
{
	struct wordset set = WORDSET_INIT;
	static char name[1000];
	struct span whole = span_make(name, sizeof(name));

	(void)state;
	memset(name, '.', sizeof(name));
	for (size_t round = 0; round < 2; round++) {
		looked_at = 0;
		for (size_t i = 0; i < whole.len; i++)
			assert_false(
			    wordset_find(&set, span_from(whole, i), NULL));
		assert_true(looked_at < 100);
		wordset_add(&set, SPAN(".example"), SPAN(""));
	}
	assert_true(wordset_find(&set, SPAN(".EXAMPLE"), NULL));
	wordset_free(&set);
	assert_false(wordset_find(&set, SPAN(""), NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_exactly),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_long_words_cost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
