/* smtpline_test.c - replies of SMTP servers, whole and byte by byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "net/smtpline.h"

#define DONE   SMTPREPLY_DONE
#define BROKEN SMTPREPLY_BROKEN
#define MORE   SMTPREPLY_MORE

static const struct {
	const char *bytes;
	enum smtpreply_state state;
	int code;
	size_t left; /* bytes behind the reply */
	const char *text;
} cases[] = {
	{ "220 hi\r\n", DONE, 220, 0, "220 hi\n" },
	{ "220 hi\n", DONE, 220, 0, "220 hi\n" },
	{ "220\r\n", DONE, 220, 0, "220\n" },
	{ "220\thi\r\n", DONE, 220, 0, "220\thi\n" },
	{ "220hi\r\n", DONE, 220, 0, "220hi\n" },
	{ "220-a\r\n220-b\r\n220 c\r\n", DONE, 220, 0,
	    "220-a\n220-b\n220 c\n" },
	{ "250-a\r\n550 b\r\n", DONE, 250, 0, "250-a\n550 b\n" },
	{ "220 a\r\n250 b\r\n", DONE, 220, 7, "220 a\n" },
	{ "220-a\r\nx\r\n", BROKEN, 220, 0, "220-a\nx\n" },
	{ "\r\n", BROKEN, 0, 0, "\n" },
	{ "22\r\n", BROKEN, 0, 0, "22\n" },
	{ "199 a\r\n", BROKEN, 0, 0, "199 a\n" },
	{ "200 a\r\n", DONE, 200, 0, "200 a\n" },
	{ "599 a\r\n", DONE, 599, 0, "599 a\n" },
	{ "600 a\r\n", BROKEN, 0, 0, "600 a\n" },
	{ "2200 a\r\n", BROKEN, 220, 0, "2200 a\n" },
	{ "SSH-2.0\r\n", BROKEN, 0, 0, "SSH-2.0\n" },
	{ "220-a\r\n", MORE, 220, 0, "220-a\n" },
	{ "220 evil\r250 ok\r", MORE, 0, 0, "220 evil250 ok" },
};

static void
check(size_t index, size_t step)
{
	struct smtpreply reply;
	struct span rest = span_of(cases[index].bytes);

	smtpreply_init(&reply);
	while (rest.len && reply.state == MORE) {
		struct span piece = span_upto(rest, step);

		rest = span_from(rest, smtpreply_feed(&reply, piece));
	}
	assert_int_equal(reply.state, cases[index].state);
	assert_int_equal(reply.code, cases[index].code);
	assert_int_equal(rest.len, cases[index].left);
	assert_string_equal(str_z(&reply.text), cases[index].text);
	smtpreply_free(&reply);
}

static void
test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(i, 1);
		check(i, 3);
		check(i, 1000);
	}
}

static const struct {
	const char *ehlo;
	unsigned offers;
	uint64_t size_max, rcpt_max;
} hellos[] = {
	{ "250 x PIPELINING\r\n", 0, 0, 0 },
	{ "250-x\r\n250-pipelining\r\n250 8BITMIME\r\n",
	    SMTPREPLY_PIPELINING | SMTPREPLY_8BITMIME, 0, 0 },
	{ "250-x\n250-STARTTLS\n250 AUTH\n", SMTPREPLY_STARTTLS, 0, 0 },
	{ "250-x\n250-PIPELINING \n250-DSN\n250 SMTPUTF8\n",
	    SMTPREPLY_PIPELINING | SMTPREPLY_DSN | SMTPREPLY_SMTPUTF8, 0, 0 },
	{ "250-x\r\n250 XPIPELINING\r\n", 0, 0, 0 },
	{ "250-x\r\n250 PIPELININGX\r\n", 0, 0, 0 },
	{ "250-x\r\n250 \r\n", 0, 0, 0 },
	{ "250-x\r\n250 SIZE 1000\r\n", SMTPREPLY_SIZE, 1000, 0 },
	{ "250-x\r\n250 size  18446744073709551615\r\n", SMTPREPLY_SIZE,
	    UINT64_MAX, 0 },
	{ "250-x\r\n250 SIZE 18446744073709551616\r\n", SMTPREPLY_SIZE, 0, 0 },
	{ "250-x\r\n250 SIZE 0\r\n", SMTPREPLY_SIZE, 0, 0 },
	{ "250-x\r\n250 SIZE\r\n", SMTPREPLY_SIZE, 0, 0 },
	{ "250-x\r\n250 SIZE -1\r\n", SMTPREPLY_SIZE, 0, 0 },
	{ "250-x\r\n250 SIZE=1000\r\n", 0, 0, 0 },
	{ "250-x\r\n250 LIMITS RCPTMAX=20 MAILMAX=1\r\n", 0, 0, 20 },
	{ "250-x\r\n250 limits mailmax=1 rcptmax=30 new=1\r\n", 0, 0, 30 },
	{ "250-x\r\n250 LIMITS RCPTMAX=\r\n", 0, 0, 0 },
	{ "250-x\r\n250 LIMITS RCPTMAX=2x\r\n", 0, 0, 0 },
	{ "250-x\r\n250 RCPTMAX=20\r\n", 0, 0, 0 },
};

static void
test_offers(void **state)
{
	struct smtpreply reply;

	(void)state;
	smtpreply_init(&reply);
	for (size_t i = 0; i < sizeof(hellos) / sizeof(hellos[0]); i++) {
		struct span ehlo = span_of(hellos[i].ehlo);

		print_message("%s", hellos[i].ehlo);
		assert_int_equal(smtpreply_feed(&reply, ehlo), ehlo.len);
		assert_int_equal(reply.offers, hellos[i].offers);
		assert_int_equal(reply.size_max, hellos[i].size_max);
		assert_int_equal(reply.rcpt_max, hellos[i].rcpt_max);
		smtpreply_reset(&reply);
	}
	smtpreply_free(&reply);
}

/* Of more lines than anybody offers the rest is not looked at. */
static void
test_many_offers(void **state)
{
	struct smtpreply reply;
	struct span line = SPAN("250-X\r\n"), last = SPAN("250 DSN\r\n");

	(void)state;
	for (size_t lines = 1; lines <= SMTPREPLY_WORDS_MAX; lines++) {
		smtpreply_init(&reply);
		for (size_t i = 0; i < lines; i++)
			assert_int_equal(
			    smtpreply_feed(&reply, line), line.len);
		assert_int_equal(smtpreply_feed(&reply, last), last.len);
		assert_int_equal(reply.offers,
		    lines < SMTPREPLY_WORDS_MAX ? SMTPREPLY_DSN : 0);
		smtpreply_free(&reply);
	}
}

/* Feeds the same bytes until something is decided; returns how many. */
static size_t
feed_for_ever(struct smtpreply *reply, struct span bytes)
{
	size_t total = 0;

	smtpreply_init(reply);
	while (reply->state == MORE)
		total += smtpreply_feed(reply, bytes);
	return total;
}

static void
test_limits(void **state)
{
	struct smtpreply reply;
	char piece[1024];

	(void)state;
	memset(piece, '2', sizeof(piece));
	assert_in_range(feed_for_ever(&reply, span_make(piece, sizeof(piece))),
	    SMTPREPLY_LINE_MAX, SMTPREPLY_LINE_MAX + sizeof(piece));
	assert_int_equal(reply.state, BROKEN);
	assert_int_equal(reply.text.len, SMTPREPLY_TEXT_MAX);
	smtpreply_free(&reply);
	(void)feed_for_ever(&reply, SPAN("220-\n"));
	assert_int_equal(reply.state, BROKEN);
	assert_int_equal(reply.lines, SMTPREPLY_LINES_MAX + 1);
	smtpreply_free(&reply);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_many_offers),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
