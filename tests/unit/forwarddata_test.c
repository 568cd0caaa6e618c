/* forwarddata_test.c - what forwarding databases and binary lists hold. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/forwarddata.h"

static void
test_keys(void **state)
{
	struct str key = STR_INIT;

	(void)state;
	forwarddata_add_key(&key, FORWARDDATA_TARGET, SPAN("Joe@X"));
	forwarddata_add_key(&key, FORWARDDATA_OWNER, SPAN("L@"));
	assert_string_equal(str_z(&key), ":joe@x?l@");
	str_free(&key);
}

static void
test_commands(void **state)
{
	struct span rest = SPAN("&a\0./l\0!p\0&cut"), command;

	(void)state;
	assert_int_equal(forwarddata_next(&rest, &command), 1);
	assert_true(span_equal(command, SPAN("&a")));
	assert_false(forwarddata_is_list(command));
	assert_false(forwarddata_is_program(command));
	assert_int_equal(forwarddata_next(&rest, &command), 1);
	assert_true(forwarddata_is_list(command));
	assert_int_equal(forwarddata_next(&rest, &command), 1);
	assert_true(forwarddata_is_program(command));
	assert_int_equal(forwarddata_next(&rest, &command), -1);
	rest = SPAN("");
	assert_int_equal(forwarddata_next(&rest, &command), 0);
}

static void
test_list_names(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	forwarddata_add_list(&text, SPAN("/a"));
	forwarddata_add_list(&text, SPAN("../b"));
	forwarddata_add_list(&text, SPAN("c"));
	assert_string_equal(str_z(&text), "/a.bin../b.bin./c.bin");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_list_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
