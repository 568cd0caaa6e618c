/* popcommand_test.c - commands of POP3 clients. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/popcommand.h"

#define LINE(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct {
	struct span line;
	enum popcommand_verb verb;
	const char *argument;
} lines[] = {
	{ LINE("STAT\r\n"), POP_STAT, "" },
	{ LINE("STAT\n"), POP_STAT, "" },
	{ LINE("STAT"), POP_STAT, "" },
	{ LINE("STAT\r\r\n"), POP_UNKNOWN, "" },
	{ LINE("sTaT\r\n"), POP_STAT, "" },
	{ LINE("STATS\r\n"), POP_UNKNOWN, "" },
	{ LINE("STA\r\n"), POP_UNKNOWN, "" },
	{ LINE(" STAT\r\n"), POP_UNKNOWN, "STAT" },
	{ LINE("\r\n"), POP_UNKNOWN, "" },
	{ LINE(""), POP_UNKNOWN, "" },
	{ LINE("STAT\t1\r\n"), POP_UNKNOWN, "" },
	{ LINE("STAT \r\n"), POP_STAT, "" },
	{ LINE("PASS  a b \r\n"), POP_PASS, "a b " },
	{ LINE("PASS \xe4\t\xff\r\n"), POP_PASS, "\xe4\t\xff" },
	{ LINE("PASS a\0b\r\n"), POP_UNKNOWN, "a" },
	{ LINE("STAT\0\r\n"), POP_UNKNOWN, "" },
	{ LINE("APOP a b"), POP_APOP, "a b" },
	{ LINE("CAPA"), POP_CAPA, "" },
	{ LINE("DELE 1"), POP_DELE, "1" },
	{ LINE("LAST"), POP_LAST, "" },
	{ LINE("LIST"), POP_LIST, "" },
	{ LINE("NOOP"), POP_NOOP, "" },
	{ LINE("QUIT now"), POP_QUIT, "now" },
	{ LINE("RETR 1"), POP_RETR, "1" },
	{ LINE("RSET"), POP_RSET, "" },
	{ LINE("TOP 1 2"), POP_TOP, "1 2" },
	{ LINE("UIDL"), POP_UIDL, "" },
	{ LINE("USER joe"), POP_USER, "joe" },
};

static void
test_lines(void **state)
{
	struct popcommand command;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct span wanted = span_of(lines[i].argument);

		popcommand_parse(lines[i].line, &command);
		assert_int_equal(command.verb, lines[i].verb);
		assert_true(command.argument.len >= wanted.len);
		if (command.verb != POP_UNKNOWN)
			assert_true(span_equal(command.argument, wanted));
	}
}

static const struct {
	const char *argument;
	int64_t number; /* -1: none */
	const char *rest;
} numbers[] = {
	{ "1", 1, "" },
	{ "1 ", 1, "" },
	{ "1   2", 1, "2" },
	{ "007", 7, "" },
	{ "0", 0, "" },
	{ "100", 100, "" },
	{ "101", -1, "101" },
	{ "18446744073709551617", -1, "18446744073709551617" },
	{ "", -1, "" },
	{ " 1", -1, " 1" },
	{ "-1", -1, "-1" },
	{ "+1", -1, "+1" },
	{ "1x", -1, "1x" },
	{ "1\t2", -1, "1\t2" },
	{ "x", -1, "x" },
};

static void
test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct span argument = span_of(numbers[i].argument);
		uint64_t number = 0;
		bool found = popcommand_cut_number(&argument, 100, &number);

		assert_int_equal(
		    found ? (int64_t)number : -1, numbers[i].number);
		assert_true(span_equal(argument, span_of(numbers[i].rest)));
	}
}

static void
check_name(const char *text, const char *name, const char *rest)
{
	struct span argument = span_of(text), found = SPAN("");

	assert_int_equal(popcommand_cut_name(&argument, &found), name != NULL);
	assert_true(span_equal(found, span_of(name)));
	assert_true(span_equal(argument, span_of(rest)));
}

static void
test_names(void **state)
{
	(void)state;
	check_name("joe digest", "joe", "digest");
	check_name("joe  dig est", "joe", " dig est");
	check_name("joe ", "joe", "");
	check_name("joe", NULL, "joe");
	check_name("", NULL, "");
	check_name(" joe", NULL, " joe");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
