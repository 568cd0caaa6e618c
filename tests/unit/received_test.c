/* received_test.c - the Received field of network daemons. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/received.h"

#define TIME 1795338307 /* 22 Nov 2026 09:05:07 */
#define DATE "; 22 Nov 2026 09:05:07 -0000\n"

static const struct {
	const char *host, *helo, *user, *ip, *by, *protocol, *field;
} cases[] = {
	{ "h.example", "other", "", "192.0.2.1", "us", "ESMTP",
	    "Received: from h.example (HELO other) (192.0.2.1)\n"
	    "  by us with ESMTP" DATE },
	{ "h.example", "H.EXAMPLE", "", "192.0.2.1", "us", "SMTP",
	    "Received: from h.example (192.0.2.1)\n  by us with SMTP" DATE },
	{ "h.example", NULL, "joe", "192.0.2.1", "us", "QMTP",
	    "Received: from h.example (joe@192.0.2.1)\n"
	    "  by us with QMTP" DATE },
	{ "h", "", "", "::1", "us", "SMTP",
	    "Received: from h (HELO ) (::1)\n  by us with SMTP" DATE },
	{ "h\nX: y", "a)\r\n(b", "u\tv", "1;2", "l_1", "S MTP",
	    "Received: from h?X:?y (HELO a????b) (u?v@1?2)\n"
	    "  by l?1 with S?MTP" DATE },
	{ "\x80", "azAZ09.@%+/=:-[]", "", "1", "u", "SMTP",
	    "Received: from ? (HELO azAZ09.@%+/=:-[]) (1)\n"
	    "  by u with SMTP" DATE },
};

static void
test_fields(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		str_reset(&text);
		received_add(&text,
		    &(struct received){ .host = span_of(cases[i].host),
			.helo = span_of(cases[i].helo),
			.has_helo = cases[i].helo != NULL,
			.user = span_of(cases[i].user),
			.ip = span_of(cases[i].ip),
			.by = span_of(cases[i].by),
			.protocol = span_of(cases[i].protocol) },
		    TIME);
		assert_string_equal(str_z(&text), cases[i].field);
	}
	str_free(&text);
}

/* The cipher may have more bytes than other words; the rest is harmless, too. */
static void
test_tls(void **state)
{
	struct str text = STR_INIT;
	struct received r = { .host = SPAN("h"),
		.ip = SPAN("::1"),
		.by = SPAN("us"),
		.protocol = SPAN("ESMTPS"),
		.tls_protocol = SPAN("TLSv1.3"),
		.tls_cipher = SPAN("TLS_AES-256)\nx(") };

	(void)state;
	received_add(&text, &r, TIME);
	assert_string_equal(str_z(&text),
	    "Received: from h (::1)\n"
	    "  by us with ESMTPS (TLSv1.3 TLS_AES-256??x?)" DATE);
	str_free(&text);
}

static void
test_hidden(void **state)
{
	struct str text = STR_INIT;
	struct received r = { .host = SPAN("h"),
		.helo = SPAN("hh"),
		.has_helo = true,
		.is_hidden = true,
		.user = SPAN("ann"),
		.ip = SPAN("::1"),
		.by = SPAN("us"),
		.protocol = SPAN("ESMTPA") };

	(void)state;
	received_add(&text, &r, TIME);
	assert_string_equal(str_z(&text), "Received: by us with ESMTPA" DATE);
	str_free(&text);
}

static void
test_limit(void **state)
{
	struct str word = STR_INIT, text = STR_INIT;
	struct received r = { .has_helo = true };

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		str_add_byte(&word, 'x');
	r.helo = r.user = r.ip = r.by = r.protocol = str_span(&word);
	r.tls_protocol = r.tls_cipher = str_span(&word);
	received_add(&text, &r, TIME);
	r.host = r.helo; /* then there is no HELO */
	r.has_helo = false;
	received_add(&text, &r, TIME);
	for (struct span rest = str_span(&text), line;
	     span_cut_next(&rest, '\n', &line);)
		assert_true(line.len <= 998);
	str_free(&word);
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
