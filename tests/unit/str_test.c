/* str_test.c - owned bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"

static void
test_adding(void **state)
{
	struct str str = STR_INIT;

	(void)state;
	assert_string_equal(str_z(&str), "");
	str_add_z(&str, "ab");
	str_add_byte(&str, 'c');
	str_add(&str, SPAN("d\0e"));
	str_add_u64(&str, 18446744073709551615u);
	assert_int_equal(str.len, 26);
	assert_memory_equal(str.s, "abcd\0e18446744073709551615", 27);
	str_reset(&str);
	str_add_field(&str, SPAN("x"));
	str_add_field(&str, SPAN(""));
	assert_int_equal(str.len, 3);
	assert_memory_equal(str.s, "x\0\0", 3);
	str_reset(&str);
	str_add_z(&str, "X");
	str_add_lower(&str, SPAN("AZ@[\0\xc9z"));
	str_add_lower(&str, SPAN(""));
	assert_int_equal(str.len, 8);
	assert_memory_equal(str.s, "Xaz@[\0\xc9z", 9);
	str_free(&str);
	assert_null(str.s);
	assert_int_equal(str.len, 0);
}

static void
test_adding_itself(void **state)
{
	struct str str = STR_INIT;

	(void)state;
	str_add_z(&str, "ab");
	for (int i = 0; i < 10; i++)
		str_add(&str, str_span(&str));
	assert_int_equal(str.len, 2048);
	for (size_t i = 0; i < str.len; i++)
		assert_int_equal(str.s[i], i % 2 ? 'b' : 'a');
	str_add(&str, span_make(str.s + 1, 2));
	assert_true(span_ends(str_span(&str), SPAN("abba")));
	str_free(&str);
}

/* Short pieces are copied in other ways than long ones. */
static void
test_every_length(void **state)
{
	char bytes[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i + 1);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct str str = STR_INIT;

		str_add_z(&str, "<");
		str_add(&str, span_make(bytes, len));
		str_add_byte(&str, '>');
		assert_int_equal(str.len, len + 2);
		assert_int_equal(str.s[0], '<');
		assert_memory_equal(str.s + 1, bytes, len);
		assert_memory_equal(str.s + 1 + len, ">", 2);
		str_free(&str);
	}
}

static void
test_cut_and_set(void **state)
{
	struct str str = STR_INIT;

	(void)state;
	str_reset(&str);
	str_set(&str, SPAN("abc"));
	str_cut(&str, 1);
	assert_string_equal(str_z(&str), "a");
	str_set(&str, SPAN(""));
	assert_string_equal(str_z(&str), "");
	str_reserve(&str, 1000);
	assert_true(str.cap > 1000);
	assert_int_equal(str.len, 0);
	str_free(&str);
}

static void
test_growth_is_linear(void **state)
{
	struct str str = STR_INIT;
	size_t moves = 0, cap = 0;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		str_add_byte(&str, 'x');
		moves += str.cap != cap;
		cap = str.cap;
	}
	assert_in_range(moves, 1, 50);
	str_free(&str);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adding),
		cmocka_unit_test(test_adding_itself),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_cut_and_set),
		cmocka_unit_test(test_growth_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
