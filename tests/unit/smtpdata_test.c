/* smtpdata_test.c - messages as SMTP sends them, cut at every place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/smtpdata.h"

static const struct {
	const char *message, *wire;
	size_t dots; /* that were doubled */
} cases[] = {
	{ "", "", 0 },
	{ "a\n", "a\r\n", 0 },
	{ "\n\n", "\r\n\r\n", 0 },
	{ ".\n..\n.x\nx.\n", "..\r\n...\r\n..x\r\nx.\r\n", 3 },
	{ "a", "a\r\n", 0 },
	{ ".", "..\r\n", 1 },
	{ "a\r\nb\r\n", "a\r\nb\r\n", 0 },
	{ "one\rtwo\n", "one\r\ntwo\r\n", 0 },
	{ "one\r.two\n", "one\r\n..two\r\n", 1 },
	{ "a\r.\r\nb\n", "a\r\n..\r\nb\r\n", 1 },
	{ "a\r\r.\r\rb\n", "a\r\n\r\n..\r\n\r\nb\r\n", 1 },
	{ "a\r\r\n.\r\r\n", "a\r\n\r\n..\r\n\r\n", 1 },
	{ "a\n.\rb\n", "a\r\n..\r\nb\r\n", 1 },
	{ "a\n\r.\rb\n", "a\r\n\r\n..\r\nb\r\n", 1 },
	{ "two\r", "two\r\n", 0 },
	{ "one\rtwo", "one\r\ntwo\r\n", 0 },
};

static void
check(size_t index, size_t first, size_t second)
{
	struct smtpdata data = SMTPDATA_INIT;
	struct str wire = STR_INIT;
	struct span message = span_of(cases[index].message);

	smtpdata_encode(&data, span_upto(message, first), &wire);
	smtpdata_encode(
	    &data, span_upto(span_from(message, first), second), &wire);
	smtpdata_encode(&data, span_from(message, first + second), &wire);
	smtpdata_finish(&data, &wire);
	assert_string_equal(str_z(&wire), cases[index].wire);
	assert_int_equal(data.size, wire.len - cases[index].dots);
	str_free(&wire);
}

static void
test_all_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = span_of(cases[i].message).len;

		for (size_t first = 0; first <= len; first++)
			for (size_t second = 0; first + second <= len; second++)
				check(i, first, second);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
