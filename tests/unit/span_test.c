/* span_test.c - borrowed bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/span.h"

static void
test_compare(void **state)
{
	(void)state;
	assert_true(span_equal(SPAN("ab"), SPAN("ab")));
	assert_true(span_equal(SPAN(""), span_make(NULL, 0)));
	assert_false(span_equal(SPAN("ab"), SPAN("aB")));
	assert_false(span_equal(SPAN("ab"), SPAN("abc")));
	assert_true(span_equal_nocase(SPAN("aB\xe4"), SPAN("Ab\xe4")));
	assert_false(span_equal_nocase(SPAN("\xe4"), SPAN("\xc4")));
	assert_false(span_equal_nocase(SPAN("["), SPAN("{")));
	assert_true(span_starts(SPAN("abc"), SPAN("ab")));
	assert_true(span_starts(SPAN("abc"), SPAN("")));
	assert_false(span_starts(SPAN("a"), SPAN("ab")));
	assert_true(span_starts_nocase(SPAN("ABc"), SPAN("ab")));
	assert_true(span_ends(SPAN("abc"), SPAN("bc")));
	assert_true(span_ends(SPAN("abc"), SPAN("")));
	assert_false(span_ends(SPAN("c"), SPAN("bc")));
	assert_true(span_ends_nocase(SPAN("aBC"), SPAN("bc")));
}

static void
test_find(void **state)
{
	struct span s = { "a.b\0.c", 6 };

	(void)state;
	assert_int_equal(span_find(s, '.'), 1);
	assert_int_equal(span_find_last(s, '.'), 4);
	assert_int_equal(span_find(s, '\0'), 3);
	assert_int_equal(span_find(s, 'x'), 6);
	assert_int_equal(span_find_last(s, 'x'), 6);
	assert_int_equal(span_find(SPAN(""), 'x'), 0);
	assert_true(span_has(s, 'c'));
	assert_false(span_has(s, 'd'));
}

static void
test_parts(void **state)
{
	(void)state;
	assert_true(span_equal(span_from(SPAN("abc"), 1), SPAN("bc")));
	assert_true(span_equal(span_from(SPAN("abc"), 9), SPAN("")));
	assert_true(span_equal(span_upto(SPAN("abc"), 1), SPAN("a")));
	assert_true(span_equal(span_upto(SPAN("abc"), 9), SPAN("abc")));
	assert_true(span_equal(span_trim(SPAN(" \ta b\t ")), SPAN("a b")));
	assert_true(span_equal(span_trim_end(SPAN(" a ")), SPAN(" a")));
	assert_true(span_equal(span_trim(SPAN(" \t ")), SPAN("")));
	assert_true(span_equal(span_of(NULL), SPAN("")));
	assert_non_null(span_of(NULL).s);
}

static void
test_cutting(void **state)
{
	struct span rest = SPAN("a::b:"), part;

	(void)state;
	assert_true(span_cut_next(&rest, ':', &part));
	assert_true(span_equal(part, SPAN("a")));
	assert_true(span_cut_next(&rest, ':', &part));
	assert_true(span_equal(part, SPAN("")));
	assert_true(span_cut_next(&rest, ':', &part));
	assert_true(span_equal(part, SPAN("b")));
	assert_false(span_cut_next(&rest, ':', &part));
	rest = SPAN("all");
	assert_true(span_cut_next(&rest, ':', &part));
	assert_true(span_equal(part, SPAN("all")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_cutting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
