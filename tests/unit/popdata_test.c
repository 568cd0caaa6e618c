/* popdata_test.c - messages as POP3 sends them, whole and in pieces. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/popdata.h"

#define ALL POPDATA_ALL
#define B(text)                        \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct {
	struct span message;
	uint64_t lines;
	struct span wire;
	uint64_t octets; /* of the wire, without doubled dots */
} cases[] = {
	{ B(""), ALL, B(""), 0 },
	{ B("a\n"), ALL, B("a\r\n"), 3 },
	{ B("a\r\n"), ALL, B("a\r\n"), 3 },
	{ B("a"), ALL, B("a\r\n"), 3 },
	{ B("\n\n"), ALL, B("\r\n\r\n"), 4 },
	{ B(".\n..\na.\n.b\n"), ALL, B("..\r\n...\r\na.\r\n..b\r\n"), 15 },
	{ B("a\rb\0\xff\n"), ALL, B("a\rb\0\xff\r\n"), 7 },
	{ B("a\r.\n"), ALL, B("a\r.\r\n"), 5 },
	{ B("a\r\r\n"), ALL, B("a\r\r\n"), 4 },
	{ B("a\n\r"), ALL, B("a\r\n\r\r\n"), 6 },
	{ B("\r"), ALL, B("\r\r\n"), 3 },
	{ B(".\r\n"), ALL, B("..\r\n"), 3 },
	/* header, blank line, lines of the body */
	{ B("A: b\n\none\n.two\nthree\n"), 0, B("A: b\r\n\r\n"), 8 },
	{ B("A: b\n\none\n.two\nthree\n"), 2, B("A: b\r\n\r\none\r\n..two\r\n"),
	    19 },
	{ B("A: b\n\none\n.two\nthree\n"), 99,
	    B("A: b\r\n\r\none\r\n..two\r\nthree\r\n"), 26 },
	{ B("A: b\r\n\r\none\r\ntwo\r\n"), 1, B("A: b\r\n\r\none\r\n"), 13 },
	{ B("\none\ntwo\n"), 1, B("\r\none\r\n"), 7 },
	{ B("A: b\n\n\n\nx\n"), 2, B("A: b\r\n\r\n\r\n\r\n"), 12 },
	{ B("A: b\n"), 0, B("A: b\r\n"), 6 },
	{ B("A: b"), 0, B("A: b\r\n"), 6 },
	{ B("A: b\n\nx"), 1, B("A: b\r\n\r\nx\r\n"), 11 },
	{ B("A: b\n\r\r\nx\n\ny\n"), 0, B("A: b\r\n\r\r\nx\r\n\r\n"), 14 },
};

static void
check(size_t i, size_t step)
{
	struct span rest = cases[i].message;
	struct str wire = STR_INIT;
	struct popdata data;

	popdata_init(&data, cases[i].lines);
	while (rest.len) {
		popdata_add(&data, span_upto(rest, step), &wire);
		rest = span_from(rest, step);
	}
	popdata_end(&data, &wire);
	assert_int_equal(wire.len, cases[i].wire.len);
	assert_memory_equal(str_z(&wire), cases[i].wire.s, wire.len);
	assert_int_equal(data.octets, cases[i].octets);
	str_free(&wire);
}

static void
test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		check(i, 1);
		check(i, 2);
		check(i, 1000);
	}
}

static void
test_done(void **state)
{
	struct str wire = STR_INIT;
	struct popdata data;

	(void)state;
	popdata_init(&data, 1);
	popdata_add(&data, SPAN("A: b\n\no"), &wire);
	assert_false(popdata_is_done(&data));
	popdata_add(&data, SPAN("ne\ntwo"), &wire);
	assert_true(popdata_is_done(&data));
	popdata_init(&data, ALL);
	popdata_add(&data, SPAN("A: b\n\none\n"), &wire);
	assert_false(popdata_is_done(&data));
	str_free(&wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
