/* httpreply_test.c - what web servers answer, in pieces of any size. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "net/httpreply.h"

#define HEAD	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define MAX	10

static const struct {
	const char *said, *text; /* NULL: bad */
	bool needs_end;
} cases[] = {
	{ HEAD "Content-Length: 5\r\n\r\nhello", "hello", false },
	{ HEAD "Content-Length: 5\r\n\r\nhello more", "hello", false },
	{ HEAD "content-length:0\r\n\r\n", "", false },
	{ HEAD "Content-Length: 10\r\n\r\n0123456789", "0123456789", false },
	{ HEAD "Content-Length: 11\r\n\r\n0123456789a", NULL, false },
	{ HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "hello",
	    false },
	{ HEAD "Content-Length: 5\r\nContent-Length: 4\r\n\r\nhello", NULL,
	    false },
	{ HEAD "Content-Length: -1\r\n\r\n", NULL, false },
	{ HEAD "Content-Length: 18446744073709551616\r\n\r\n", NULL, false },
	{ HEAD "\r\nhello", "hello", true },
	{ HEAD "\r\n0123456789", "0123456789", true },
	{ HEAD "\r\n0123456789a", NULL, true },
	{ "HTTP/1.0 200\nContent-Type: TEXT/Plain ;a=b\n\nhello", "hello",
	    true },
	{ CHUNKED "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", "hello", false },
	{ CHUNKED "A\r\n0123456789\r\n00\r\nA: b\r\n\r\nmore", "0123456789",
	    false },
	{ HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "5\r\nhello\r\n0\r\n\r\n",
	    "hello", false },
	{ CHUNKED "0\r\n\r\n", "", false },
	{ CHUNKED "A\r\n0123456789\r\n1\r\na\r\n0\r\n\r\n", NULL, false },
	{ CHUNKED "B\r\n", NULL, false },
	{ CHUNKED "100000000\r\n", NULL, false },
	{ CHUNKED "2\r\nhello\r\n", NULL, false },
	{ CHUNKED "\r\n", NULL, false },
	{ CHUNKED "g\r\n", NULL, false },
	{ CHUNKED "-1\r\n", NULL, false },
	{ CHUNKED "2\r\nhe\r\n", NULL, true },
	{ CHUNKED "2\r\nhe\r\n0\r\n", NULL, true },
	{ HEAD "Content-Length: 5\r\n\r\nhell", NULL, true },
	{ HEAD, NULL, true },
	{ "", NULL, true },
	{ "HTTP/1.1 200 OK\r\n\r\nhello", NULL, false },
	{ "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nhello", NULL,
	    false },
	{ "HTTP/1.1 301 Moved\r\nContent-Type: text/plain\r\n\r\n", NULL,
	    false },
	{ "HTTP/1.1 2000\r\nContent-Type: text/plain\r\n\r\n", NULL, false },
	{ "HTTP/1.1 20\r\nContent-Type: text/plain\r\n\r\n", NULL, false },
	{ "HTTP/2.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", NULL, false },
	{ "\r\n", NULL, false },
	{ HEAD "no colon\r\n\r\n", NULL, false },
	{ HEAD "Content-Encoding: gzip\r\n\r\n", NULL, false },
	{ HEAD "Content-Encoding: identity\r\n\r\nx", "x", true },
	{ HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", NULL, false },
};

/* Feeds the text in pieces of so many bytes. */
static enum httpreply_state
feed(struct httpreply *reply, struct span text, size_t size)
{
	enum httpreply_state state = HTTPREPLY_MORE;

	httpreply_init(reply, MAX);
	while (text.len && state == HTTPREPLY_MORE) {
		state = httpreply_feed(reply, span_upto(text, size));
		assert_true(reply->text.len <= MAX);
		text = span_from(text, size);
	}
	return state;
}

static void
check(size_t i, size_t size)
{
	struct httpreply reply;
	enum httpreply_state state = feed(&reply, span_of(cases[i].said), size);

	if (cases[i].needs_end && !(state == HTTPREPLY_BAD && !cases[i].text)) {
		assert_int_equal(state, HTTPREPLY_MORE);
		state = httpreply_end(&reply);
	}
	if (state != (cases[i].text ? HTTPREPLY_WHOLE : HTTPREPLY_BAD))
		fail_msg("%s: %s", cases[i].said, reply.trouble);
	if (cases[i].text)
		assert_string_equal(str_z(&reply.text), cases[i].text);
	else
		assert_non_null(reply.trouble);
	assert_int_equal(httpreply_end(&reply), state);
	assert_int_equal(httpreply_feed(&reply, SPAN("x")), state);
	httpreply_free(&reply);
}

static void
test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t size = 1; size < 200; size++)
			check(i, size);
}

static void
test_limits(void **state)
{
	struct str text = STR_INIT;
	struct httpreply reply;

	(void)state;
	str_add_z(&text, HEAD "A: ");
	while (text.len < HTTPREPLY_HEAD_MAX)
		str_add_byte(&text, 'x');
	assert_int_equal(feed(&reply, str_span(&text), 100), HTTPREPLY_MORE);
	assert_int_equal(httpreply_feed(&reply, SPAN("x")), HTTPREPLY_BAD);
	httpreply_free(&reply);
	str_set(&text, SPAN(CHUNKED "1;"));
	while (text.len < 5000)
		str_add_byte(&text, 'x');
	assert_int_equal(feed(&reply, str_span(&text), 100), HTTPREPLY_BAD);
	httpreply_free(&reply);
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
