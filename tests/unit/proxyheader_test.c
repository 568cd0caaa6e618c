/* proxyheader_test.c - what a proxy says first. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/proxyheader.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR	  "\300\0\2\1\300\0\2\2\x30\x39\0\x19"
#define SIX                                                                  \
	" \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1 \1\r\270\0\0\0\0\0\0\0\0\0\0\0\2" \
	"\x30\x39\0\x19"
#define CASE(text, state, source, destination)                         \
	{                                                              \
		{ text, sizeof(text) - 1 }, state, source, destination \
	}

static const struct {
	struct span text;
	enum proxyheader_state state;
	const char *source, *destination;
} cases[] = {
	CASE("PROXY TCP4 192.0.2.1 192.0.2.2 12345 25\r\n", PROXYHEADER_DONE,
	    "192.0.2.1", "192.0.2.2"),
	CASE("PROXY TCP6 2001:db8::1 2001:db8::2 12345 25\r\n",
	    PROXYHEADER_DONE, "2001:db8::1", "2001:db8::2"),
	CASE("PROXY UNKNOWN\r\n", PROXYHEADER_UNKNOWN, NULL, NULL),
	CASE("PROXY UNKNOWN a b c d\r\n", PROXYHEADER_UNKNOWN, NULL, NULL),
	CASE("PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n", PROXYHEADER_BROKEN,
	    NULL, NULL),
	CASE("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", PROXYHEADER_BROKEN,
	    NULL, NULL),
	CASE("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", PROXYHEADER_BROKEN, NULL,
	    NULL),
	CASE("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", PROXYHEADER_BROKEN,
	    NULL, NULL),
	CASE("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", PROXYHEADER_BROKEN,
	    NULL, NULL),
	CASE("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", PROXYHEADER_BROKEN, NULL,
	    NULL),
	CASE("EHLO x\r\n", PROXYHEADER_BROKEN, NULL, NULL),
	CASE("P", PROXYHEADER_MORE, NULL, NULL),
	CASE("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", PROXYHEADER_MORE, NULL,
	    NULL),
	CASE(SIGNATURE "\x21\x11\0\14" FOUR, PROXYHEADER_DONE, "192.0.2.1",
	    "192.0.2.2"),
	CASE(SIGNATURE "\x21\x21\0\44" SIX, PROXYHEADER_DONE, "2001:db8::1",
	    "2001:db8::2"),
	CASE(SIGNATURE "\x21\x11\0\20" FOUR "\4\0\1x", PROXYHEADER_DONE,
	    "192.0.2.1", "192.0.2.2"),
	CASE(SIGNATURE "\x20\0\0\0", PROXYHEADER_LOCAL, NULL, NULL),
	CASE(SIGNATURE "\x21\0\0\0", PROXYHEADER_UNKNOWN, NULL, NULL),
	CASE(SIGNATURE "\x21\x11\0\13" FOUR, PROXYHEADER_BROKEN, NULL, NULL),
	CASE(SIGNATURE "\x22\x11\0\14" FOUR, PROXYHEADER_BROKEN, NULL, NULL),
	CASE(SIGNATURE "\x31\x11\0\14" FOUR, PROXYHEADER_BROKEN, NULL, NULL),
	CASE(SIGNATURE "\x21\x11\x10\0", PROXYHEADER_BROKEN, NULL, NULL),
	CASE(SIGNATURE "\x21\x11\xff\xff", PROXYHEADER_BROKEN, NULL, NULL),
	CASE("\r\nQ", PROXYHEADER_BROKEN, NULL, NULL),
};

/* It never asks for a byte behind the end. */
static void
test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct proxyheader header = { .bytes = STR_INIT };
		enum proxyheader_state result = PROXYHEADER_MORE;
		struct span rest = cases[i].text;
		struct str text = STR_INIT;

		while (result == PROXYHEADER_MORE && rest.len) {
			size_t wanted = proxyheader_wants(&header);

			assert_true(wanted > 0);
			if (cases[i].state != PROXYHEADER_BROKEN &&
			    cases[i].state != PROXYHEADER_MORE)
				assert_true(wanted <= rest.len);
			result =
			    proxyheader_feed(&header, span_upto(rest, wanted));
			rest = span_from(rest, wanted);
		}
		assert_int_equal(result, cases[i].state);
		if (result != PROXYHEADER_BROKEN)
			assert_int_equal(rest.len, 0);
		if (result == PROXYHEADER_DONE) {
			ip_format(&text, &header.source);
			assert_string_equal(str_z(&text), cases[i].source);
			str_reset(&text);
			ip_format(&text, &header.destination);
			assert_string_equal(str_z(&text), cases[i].destination);
			assert_int_equal(header.source_port, 12345);
			assert_int_equal(header.destination_port, 25);
		}
		str_free(&text);
		proxyheader_free(&header);
	}
}

static void
test_long_line(void **state)
{
	struct proxyheader header = { .bytes = STR_INIT };
	enum proxyheader_state result = PROXYHEADER_MORE;
	size_t fed = 0;

	(void)state;
	result = proxyheader_feed(&header, SPAN("PROXY UNKNOWN "));
	for (fed = 14; result == PROXYHEADER_MORE; fed++)
		result = proxyheader_feed(&header, SPAN("x"));
	assert_int_equal(result, PROXYHEADER_BROKEN);
	assert_int_equal(fed, PROXYHEADER_LINE_MAX);
	proxyheader_free(&header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
