/* control_test.c - control files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>

#include "config/control.h"
#include "scratch.h"

static int
make_control(void **state)
{
	return scratch_enter(state) < 0 ? -1 : mkdir("control", 0700);
}

static void
put(const char *name, const char *text)
{
	scratch_write(name, text, strlen(text));
}

static const struct {
	const char *text, *value;
} lines[] = {
	{ "a.example\n", "a.example" },
	{ "a.example", "a.example" },
	{ "a.example\nb\n", "a.example" },
	{ "a \t\n", "a" },
	{ "a\r\n", "a" },
	{ " a\n", " a" },
	{ "#a\n", "#a" },
	{ "", "" },
	{ "\nb\n", "" },
};

static void
test_lines(void **state)
{
	struct str value = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		put("control/x", lines[i].text);
		str_set(&value, SPAN("old"));
		assert_int_equal(control_read_line("control/x", &value), 1);
		assert_string_equal(str_z(&value), lines[i].value);
	}
	str_set(&value, SPAN("old"));
	assert_int_equal(control_read_line("control/none", &value), 0);
	assert_string_equal(str_z(&value), "old");
	assert_int_equal(control_read_line("control", &value), -1);
	str_free(&value);
}

static void
test_me(void **state)
{
	struct str value = STR_INIT;

	(void)state;
	assert_int_equal(control_read_line_or_me("control/y", &value, NULL), 0);
	assert_int_equal(
	    control_read_line_or_me("control/y", &value, "word"), 1);
	assert_string_equal(str_z(&value), "word");
	put("control/me", "me.example\n");
	assert_int_equal(
	    control_read_line_or_me("control/y", &value, "word"), 1);
	assert_string_equal(str_z(&value), "me.example");
	put("control/y", "y.example\n");
	assert_int_equal(
	    control_read_line_or_me("control/y", &value, "word"), 1);
	assert_string_equal(str_z(&value), "y.example");
	str_free(&value);
}

static void
test_numbers(void **state)
{
	uint64_t number = 9;

	(void)state;
	put("control/n", "20 # deliveries\n");
	assert_int_equal(control_read_number("control/n", 100, &number), 1);
	assert_int_equal(number, 20);
	assert_int_equal(control_read_number("control/n", 5, &number), 1);
	assert_int_equal(number, 5);
	put("control/n", "many\n");
	assert_int_equal(control_read_number("control/n", 100, &number), 0);
	assert_int_equal(number, 5);
	assert_int_equal(control_read_number("control/none", 100, &number), 0);
}

static void
test_lists(void **state)
{
	struct str list = STR_INIT;

	(void)state;
	put("control/l", "a \n\n# c\n b # d\r\n\t\ne");
	assert_int_equal(control_read_list("control/l", &list), 1);
	assert_string_equal(str_z(&list), "a\n b # d\ne\n");
	assert_int_equal(control_read_list("control/none", &list), 0);
	assert_int_equal(list.len, 0);
	str_free(&list);
}

static void
test_sets(void **state)
{
	struct wordset set = WORDSET_INIT;
	struct span value;

	(void)state;
	put("control/s", "A.example:one\nno-colon\nb:two:x\nb:\n");
	assert_int_equal(control_read_set("control/s", ':', &set), 1);
	assert_true(wordset_find(&set, SPAN("a.EXAMPLE"), &value));
	assert_true(span_equal(value, SPAN("one")));
	assert_false(wordset_find(&set, SPAN("no-colon"), NULL));
	assert_true(wordset_find(&set, SPAN("b"), &value));
	assert_true(span_equal(value, SPAN("")));
	wordset_free(&set);
	assert_int_equal(control_read_set("control/s", '\0', &set), 1);
	assert_true(wordset_find(&set, SPAN("b:two:x"), NULL));
	wordset_free(&set);
	assert_int_equal(control_read_set("control/none", ':', &set), 0);
	assert_true(wordset_is_empty(&set));
	wordset_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_me),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, make_control, scratch_leave);
}
