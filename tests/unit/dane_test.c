/* dane_test.c - what a host's zone says of its certificate. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/dane.h"
#include "net/tlsdemand.h"
#include "dnsserver.h"

#define SHA256 \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SHAPE "3006300030000300" /* of a certificate */

/* Of an alias the name that it leads to comes first; after all aliases stands what
 * they lead to. */
static const char table[] = "one.test is secure\n"
			    "one.test A 203.0.113.1\n"
			    "_25._tcp.one.test is secure\n"
			    "_25._tcp.one.test TLSA 3 1 1 " SHA256 "\n"
			    "_25._tcp.one.test TLSA 1 1 1 " SHA256 "\n"
			    "_25._tcp.one.test TLSA 2 0 2 " SHA256 SHA256 "\n"
			    "none.test is secure\n"
			    "none.test A 203.0.113.1\n"
			    "_25._tcp.nothing.test is secure\n"
			    "nothing.test is secure\n"
			    "nothing.test A 203.0.113.1\n"
			    "useless.test is secure\n"
			    "useless.test A 203.0.113.1\n"
			    "_25._tcp.useless.test is secure\n"
			    "_25._tcp.useless.test TLSA 0 1 1 " SHA256 "\n"
			    "_25._tcp.useless.test TLSA 3 1 1 0011\n"
			    "bogus.test is secure\n"
			    "bogus.test A 203.0.113.1\n"
			    "_25._tcp.bogus.test is servfail\n"
			    "damaged.test is secure\n"
			    "damaged.test A 203.0.113.1\n"
			    "_25._tcp.damaged.test is secure\n"
			    "_25._tcp.damaged.test is damaged\n"
			    "open.test is secure\n"
			    "open.test A 203.0.113.1\n"
			    "_25._tcp.open.test TLSA 3 1 1 " SHA256 "\n"
			    "plain.test A 203.0.113.1\n"
			    "_25._tcp.plain.test is secure\n"
			    "_25._tcp.plain.test TLSA 3 1 1 " SHA256 "\n"
			    "both.test is secure\n"
			    "both.test CNAME one.test\n"
			    "_25._tcp.both.test is secure\n"
			    "_25._tcp.both.test TLSA 3 0 1 " SHA256 "\n"
			    "own.test is secure\n"
			    "own.test CNAME none.test\n"
			    "_25._tcp.own.test is secure\n"
			    "_25._tcp.own.test TLSA 3 0 1 " SHA256 "\n"
			    "broken.test is secure\n"
			    "broken.test CNAME bogus.test\n"
			    "_25._tcp.broken.test is secure\n"
			    "_25._tcp.broken.test TLSA 3 0 1 " SHA256 "\n"
			    "one.test is secure\n"
			    "one.test A 203.0.113.1\n"
			    "none.test is secure\n"
			    "none.test A 203.0.113.1\n"
			    "bogus.test is secure\n"
			    "bogus.test A 203.0.113.1\n";

static const struct {
	const char *host;
	enum dane_outcome outcome;
	size_t count;
	const char *base;
} cases[] = {
	{ "one.test", DANE_RECORDS, 2, "one.test" },
	{ "none.test", DANE_NONE, 0, NULL },
	{ "nothing.test", DANE_NONE, 0, NULL },
	{ "useless.test", DANE_UNUSABLE, 0, "useless.test" },
	{ "bogus.test", DANE_FAILED, 0, NULL },
	{ "damaged.test", DANE_FAILED, 0, NULL },
	{ "open.test", DANE_NONE, 0, NULL },
	{ "plain.test", DANE_NONE, 0, NULL },
	{ "both.test", DANE_RECORDS, 2, "one.test" },
	{ "own.test", DANE_RECORDS, 1, "own.test" },
	{ "broken.test", DANE_FAILED, 0, NULL },
	{ "203.0.113.1", DANE_NONE, 0, NULL },
};

static struct dnsserver_process server;

static enum dane_outcome
ask(const char *name, const char *setting, struct dane_answer *answer)
{
	enum dane_outcome outcome;
	struct ip_address address;
	struct dns dns;
	struct mx mx;

	dns_configure(&dns, SPAN(""), span_of(server.cache));
	dns_trust(&dns, span_of(setting));
	mx_open_relay(&mx, &dns, span_of(name));
	assert_true(mx_next(&mx, &address));
	outcome = dane_ask(&dns, mx_host(&mx), DANE_SMTP_PORT, answer);
	mx_close(&mx);
	return outcome;
}

static void
test_ask(void **state)
{
	struct dane_answer answer = DANE_ANSWER_INIT;

	(void)state;
	server = dnsserver_start(table);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str base = STR_INIT;

		if (ask(cases[i].host, "", &answer) != cases[i].outcome)
			fail_msg("%s", cases[i].host);
		assert_int_equal(answer.records.len, cases[i].count);
		dnsname_format(&base, &answer.base);
		if (cases[i].base)
			assert_string_equal(str_z(&base), cases[i].base);
		str_free(&base);
		assert_int_equal(ask(cases[i].host, "off", &answer), DANE_NONE);
	}
	assert_int_equal(ask("one.test", "", &answer), DANE_RECORDS);
	assert_int_equal(answer.records.at[0].usage, TLSA_USAGE_HOST);
	assert_int_equal(answer.records.at[0].selector, TLSA_SELECTOR_KEY);
	assert_int_equal(answer.records.at[0].data.len, 32);
	assert_int_equal((unsigned char)answer.records.at[0].data.s[31], 0xff);
	assert_int_equal(answer.records.at[1].usage, TLSA_USAGE_ANCHOR);
	dane_answer_free(&answer);
	dnsserver_stop(server);
}

/* However many there are, so many are used. */
static void
test_many(void **state)
{
	struct dane_answer answer = DANE_ANSWER_INIT;
	struct str many = STR_INIT;

	(void)state;
	str_add_z(&many,
	    "many.test is secure\n"
	    "many.test A 203.0.113.1\n"
	    "_25._tcp.many.test is secure\n"
	    "_25._tcp.many.test is cut\n");
	for (int i = 0; i <= DANE_USED_MAX; i++)
		str_add_z(&many, "_25._tcp.many.test TLSA 3 0 0 " SHAPE "\n");
	server = dnsserver_start(str_z(&many));
	assert_int_equal(ask("many.test", "", &answer), DANE_RECORDS);
	assert_int_equal(answer.records.len, DANE_USED_MAX);
	dnsserver_stop(server);
	dane_answer_free(&answer);
	str_free(&many);
}

/* A name can be too long to have records of this kind. */
static void
test_long(void **state)
{
	struct dane_answer answer = DANE_ANSWER_INIT;
	struct mx_host host = { .is_secure = true };
	struct str text = STR_INIT;
	struct dns dns;

	(void)state;
	dns_configure(&dns, SPAN(""), SPAN("nonsense"));
	for (int i = 0; i < 122; i++)
		str_add_z(&text, "a.");
	assert_true(dnsname_parse(str_span(&text), &host.name));
	host.last_name = host.name;
	assert_int_equal(host.name.len, 245);
	assert_int_equal(
	    dane_ask(&dns, &host, DANE_SMTP_PORT, &answer), DANE_FAILED);
	str_add_z(&text, "a.");
	assert_true(dnsname_parse(str_span(&text), &host.name));
	host.last_name = host.name;
	assert_int_equal(
	    dane_ask(&dns, &host, DANE_SMTP_PORT, &answer), DANE_NONE);
	str_free(&text);
	dane_answer_free(&answer);
}

static bool
is_usable(const char *bytes, size_t len)
{
	struct tlsa tlsa;

	return tlsa_parse(span_make(bytes, len), &tlsa) &&
	    tlsa_is_usable(&tlsa);
}

static void
test_usable(void **state)
{
	char data[80] = "";

	(void)state;
	for (unsigned i = 0; i < 4 * 4 * 4; i++) {
		unsigned usage = i / 16, selector = i / 4 % 4, matching = i % 4;
		bool is_of_use = usage >= 2 && selector < 2;

		data[0] = (char)usage;
		data[1] = (char)selector;
		data[2] = (char)matching;
		for (size_t len = 0; len < sizeof(data); len++)
			assert_int_equal(is_usable(data, len),
			    is_of_use &&
				((matching == 1 && len == 35) ||
				    (matching == 2 && len == 67)));
	}
	data[0] = 4;
	data[2] = 0;
	assert_false(is_usable(data, sizeof(data)));
}

/* Of this selector, with this data whole. */
static bool
is_shape(uint8_t selector, struct span data)
{
	const struct tlsa tlsa = { TLSA_USAGE_HOST, selector, TLSA_MATCHING_ALL,
		data };

	return tlsa_is_usable(&tlsa);
}

static void
test_shape(void **state)
{
	static const struct {
		struct span data;
		bool is_certificate, is_key;
	} shapes[] = {
		{ SPAN("\x30\6\x30\0\x30\0\3\0"), true, false },
		{ SPAN("\x30\x81\6\x30\0\x30\0\3\0"), true, false },
		{ SPAN("\x30\x82\0\6\x30\0\x30\0\3\0"), true, false },
		{ SPAN("\x30\x83\0\0\6\x30\0\x30\0\3\0"), false, false },
		{ SPAN("\x30\x80\x30\0\x30\0\3\0"), false, false },
		{ SPAN("\x30\6\x30\2\5\0\3\0"), false, true },
		{ SPAN("\x30\4\x30\0\3\0"), false, true },
		{ SPAN("\x31\4\x30\0\3\0"), false, false },
		{ SPAN("\x30\4\x30\0\4\0"), false, false },
		{ SPAN("\x30\4\x30\0\3\1"), false, false },
		{ SPAN("\x30\5\x30\0\3\0"), false, false },
		{ SPAN("\x30\4\x30\0\3\x80"), false, false },
		{ SPAN("\x30\4\x30\0\3\x81"), false, false },
		{ SPAN("\x30\3\x30\0\3\0"), false, false },
		{ SPAN("\x30\4\x30\0\3\0\0"), false, false },
		{ SPAN("\x30\6\x30\0\3\0\5\0"), false, false },
		{ SPAN("\x30\x82\1"), false, false },
		{ SPAN("\x30"), false, false },
		{ SPAN("\xde\xad\xbe\xef"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		if (is_shape(TLSA_SELECTOR_CERTIFICATE, shapes[i].data) !=
			shapes[i].is_certificate ||
		    is_shape(TLSA_SELECTOR_KEY, shapes[i].data) !=
			shapes[i].is_key)
			fail_msg("%zu", i);
	}
}

/* More than that has no room in a demand. */
static void
test_longest(void **state)
{
	struct str data = STR_INIT;
	size_t len = TLSDEMAND_TLSA_MAX - 4;

	(void)state;
	str_add(&data, SPAN("\x30\x82??\x30\0\3\x82??"));
	while (data.len < TLSDEMAND_TLSA_MAX)
		str_add_byte(&data, 'x');
	data.s[2] = (char)(len >> 8);
	data.s[3] = (char)len;
	len -= 6;
	data.s[8] = (char)(len >> 8);
	data.s[9] = (char)len;
	assert_true(is_shape(TLSA_SELECTOR_KEY, str_span(&data)));
	str_add_byte(&data, 'x');
	data.s[3]++;
	data.s[9]++;
	assert_false(is_shape(TLSA_SELECTOR_KEY, str_span(&data)));
	str_free(&data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_usable),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
