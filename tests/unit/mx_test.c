/* mx_test.c - the addresses at which a domain takes mail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/mx.h"
#include "dnsserver.h"

static const char table[] = "one.test MX 10 a.test\n"
			    "order.test MX 20 b.test\n"
			    "order.test MX 10 a.test\n"
			    "own.test MX 10 a.test\n"
			    "own.test MX 20 me.test\n"
			    "own.test MX 30 b.test\n"
			    "best.test MX 10 me.test\n"
			    "best.test MX 10 a.test\n"
			    "null.test MX 0 .\n"
			    "null.test A 203.0.113.9\n"
			    ". A 203.0.113.8\n"
			    "nullandone.test MX 0 .\n"
			    "nullandone.test MX 10 a.test\n"
			    "nullandgone.test MX 0 .\n"
			    "nullandgone.test MX 10 gone.test\n"
			    "nowhere.test MX 0 gone.test\n"
			    "nowhere.test A 203.0.113.9\n"
			    "plain.test A 203.0.113.3\n"
			    "six.test AAAA 2001:db8:ffff::1\n"
			    "mapped.test AAAA ::ffff:127.0.0.1\n"
			    "failing.test MX 10 bad.test\n"
			    "failing.test MX 20 gone.test\n"
			    "half.test MX 10 bad.test\n"
			    "half.test MX 20 a.test\n"
			    "literal.test MX 10 203.0.113.7\n"
			    "empty.test MX 10 null.test\n"
			    "a.test A 203.0.113.1\n"
			    "b.test A 203.0.113.2\n"
			    "b.test AAAA 2001:db8:ffff::2\n"
			    "me.test A 127.0.0.1\n"
			    "turns.test MX 10 sixes.test\n"
			    "turns.test MX 20 fours.test\n"
			    "mixed.test A 203.0.113.1\n"
			    "mixed.test A 203.0.113.2\n"
			    "mixed.test A 203.0.113.3\n"
			    "mixed.test AAAA 2001:db8:ffff::1\n"
			    "mixed.test AAAA 2001:db8:ffff::2\n"
			    "sixes.test A 203.0.113.1\n"
			    "sixes.test AAAA 2001:db8:ffff::1\n"
			    "sixes.test AAAA 2001:db8:ffff::2\n"
			    "fours.test A 203.0.113.2\n"
			    "bad.test is servfail\n";

static const struct {
	const char *host, *addresses;
	enum mx_outcome outcome;
	bool is_relay;
} cases[] = {
	{ "one.test", "203.0.113.1 ", MX_TRIED, false },
	{ "order.test", "203.0.113.1 203.0.113.2 2001:db8:ffff::2 ", MX_TRIED,
	    false },
	{ "own.test", "203.0.113.1 ", MX_TRIED, false },
	{ "best.test", "", MX_OWN, false },
	{ "me.test", "", MX_OWN, false },
	{ "me.test", "127.0.0.1 ", MX_TRIED, true },
	{ "[127.0.0.1]", "", MX_OWN, false },
	{ "[127.0.0.1]", "127.0.0.1 ", MX_TRIED, true },
	{ "[IPv6:::1]", "", MX_OWN, false },
	{ "[0.0.0.0]", "", MX_OWN, false },
	{ "mixed.test",
	    "203.0.113.1 2001:db8:ffff::1 203.0.113.2 2001:db8:ffff::2 "
	    "203.0.113.3 ",
	    MX_TRIED, false },
	{ "turns.test",
	    "203.0.113.1 2001:db8:ffff::1 2001:db8:ffff::2 203.0.113.2 ",
	    MX_TRIED, false },
	{ "mapped.test", "", MX_OWN, false },
	{ "null.test", "", MX_NULL, false },
	{ "nullandgone.test", "", MX_NO_ADDRESS, false },
	{ "nullandone.test", "203.0.113.1 ", MX_TRIED, false },
	{ "nowhere.test", "", MX_NO_ADDRESS, false },
	{ "plain.test", "203.0.113.3 ", MX_TRIED, false },
	{ "six.test", "2001:db8:ffff::1 ", MX_TRIED, false },
	{ "gone.test", "", MX_NO_NAME, false },
	{ "gone.test", "", MX_NO_NAME, true },
	{ "", "", MX_NO_NAME, false },
	{ "a b", "", MX_NO_NAME, false },
	{ "bad.test", "", MX_FAILED, false },
	{ "bad.test", "", MX_FAILED, true },
	{ "failing.test", "", MX_FAILED, false },
	{ "half.test", "203.0.113.1 ", MX_TRIED, false },
	{ "literal.test", "203.0.113.7 ", MX_TRIED, false },
	{ "[203.0.113.5]", "203.0.113.5 ", MX_TRIED, false },
	{ "203.0.113.5", "203.0.113.5 ", MX_TRIED, false },
	{ "one.test", "", MX_NO_ADDRESS, true },
};

static void
check(size_t index, struct dns *dns)
{
	struct span host = span_of(cases[index].host);
	struct ip_address address;
	struct str text = STR_INIT;
	struct mx mx;

	if (cases[index].is_relay)
		mx_open_relay(&mx, dns, host);
	else
		mx_open(&mx, dns, host);
	while (mx_next(&mx, &address)) {
		ip_format(&text, &address);
		str_add_byte(&text, ' ');
	}
	assert_string_equal(str_z(&text), cases[index].addresses);
	assert_int_equal(mx_outcome(&mx), cases[index].outcome);
	mx_close(&mx);
	str_free(&text);
}

static void
test_lists(void **state)
{
	struct dnsserver_process server = dnsserver_start(table);
	struct dns dns;

	(void)state;
	dns_configure(&dns, SPAN(""), span_of(server.cache));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].host);
		check(i, &dns);
	}
	dnsserver_stop(server);
}

/* Of two equals each is first now and then: 2^-63 to fail by chance. */
static void
test_shuffle(void **state)
{
	static const char equals[] = "x.test MX 5 a.test\nx.test MX 5 b.test\n"
				     "a.test A 203.0.113.1\n"
				     "b.test A 203.0.113.2\n";
	struct dnsserver_process server = dnsserver_start(equals);
	unsigned seen = 0;
	struct dns dns;

	(void)state;
	dns_configure(&dns, SPAN(""), span_of(server.cache));
	for (int i = 0; i < 64; i++) {
		struct ip_address address;
		struct mx mx;

		mx_open(&mx, &dns, SPAN("x.test"));
		assert_true(mx_next(&mx, &address));
		seen |= address.bytes[3];
		mx_close(&mx);
	}
	assert_int_equal(seen, 3);
	dnsserver_stop(server);
}

/* So many hosts that only TCP carries them, in their order. */
static void
test_many(void **state)
{
	char lines[16384] = "", *end = lines;
	struct dnsserver_process server;
	struct ip_address address;
	unsigned count = 0;
	struct dns dns;
	struct mx mx;

	(void)state;
	for (int i = 1; i <= 150; i++)
		end += sprintf(end,
		    "x.test MX %d h%d.x.test\nh%d.x.test A 203.0.113.%d\n", i,
		    i, i, i);
	server = dnsserver_start(lines);
	dns_configure(&dns, SPAN(""), span_of(server.cache));
	mx_open(&mx, &dns, SPAN("x.test"));
	while (mx_next(&mx, &address))
		assert_int_equal(address.bytes[3], ++count);
	assert_int_equal(count, 150);
	mx_close(&mx);
	dnsserver_stop(server);
}

static size_t
count_addresses(struct dns *dns, const char *host)
{
	struct ip_address address;
	size_t count = 0;
	struct mx mx;

	mx_open(&mx, dns, span_of(host));
	while (mx_next(&mx, &address))
		count++;
	mx_close(&mx);
	return count;
}

/* However many there are, so many hosts are asked for and addresses tried. */
static void
test_limits(void **state)
{
	struct str many = STR_INIT;
	struct dnsserver_process server;
	struct dns dns;

	(void)state;
	str_add_z(&many,
	    "hosts.test is cut\naddresses.test is cut\n"
	    "hosts.test MX 1 h.test\n");
	for (int i = 1; i < MX_HOSTS_MAX; i++)
		str_add_z(&many, "hosts.test MX 1 gone.test\n");
	str_add_z(&many,
	    "hosts.test MX 2 a.test\na.test A 203.0.113.1\n"
	    "h.test A 203.0.113.2\n");
	for (int i = 0; i <= MX_ADDRESSES_MAX; i++)
		str_add_z(&many, "addresses.test A 203.0.113.3\n");
	server = dnsserver_start(str_z(&many));
	dns_configure(&dns, SPAN(""), span_of(server.cache));
	assert_int_equal(count_addresses(&dns, "hosts.test"), 1);
	assert_int_equal(
	    count_addresses(&dns, "addresses.test"), MX_ADDRESSES_MAX);
	dnsserver_stop(server);
	str_free(&many);
}

/* The host of each address, where its aliases lead to, whether that is secure. */
static void
list_hosts(
    struct str *text, struct dns *dns, const char *domain, bool is_relay)
{
	struct ip_address address;
	struct mx mx;

	str_reset(text);
	if (is_relay)
		mx_open_relay(&mx, dns, span_of(domain));
	else
		mx_open(&mx, dns, span_of(domain));
	while (mx_next(&mx, &address)) {
		const struct mx_host *host = mx_host(&mx);

		if (!host) {
			str_add_z(text, "none ");
			continue;
		}
		dnsname_format(text, &host->name);
		str_add_byte(text, ' ');
		dnsname_format(text, &host->last_name);
		str_add_z(text, host->is_secure ? " secure " : " ");
	}
	mx_close(&mx);
}

/* Whose address it is, where its aliases lead to, and what is secure. */
static void
test_hosts(void **state)
{
	static const char names[] =
	    "good.test is secure\ngood.test MX 10 a.test\n"
	    "plain.test MX 10 a.test\n"
	    "bare.test is secure\nbare.test A 203.0.113.4\n"
	    "alias.test is secure\nalias.test MX 10 b.test\n"
	    "leads.test is secure\nleads.test MX 10 c.test\n"
	    "strays.test is secure\nstrays.test MX 10 e.test\n"
	    "number.test is secure\nnumber.test MX 10 203.0.113.7\n"
	    "two.test is secure\ntwo.test MX 10 a.test\n"
	    "two.test MX 20 d.test\n"
	    "e.test CNAME d.test\n"
	    "c.test is secure\nc.test CNAME d.test\n"
	    "b.test is secure\nb.test CNAME a.test\n"
	    "d.test A 203.0.113.2\n"
	    "a.test is secure\na.test A 203.0.113.1\n";
	static const struct {
		const char *domain, *hosts;
		bool is_relay;
	} lists[] = {
		{ "good.test", "a.test a.test secure ", false },
		{ "plain.test", "a.test a.test ", false },
		{ "bare.test", "bare.test bare.test secure ", false },
		{ "d.test", "d.test d.test ", false },
		{ "alias.test", "b.test a.test secure ", false },
		/* The alias is secure, where it leads to is not. */
		{ "leads.test", "c.test c.test secure ", false },
		{ "strays.test", "e.test e.test ", false },
		{ "number.test", "203.0.113.7 203.0.113.7 ", false },
		{ "two.test", "a.test a.test secure d.test d.test ", false },
		{ "203.0.113.7", "none ", false },
		{ "[203.0.113.7]", "none ", true },
		{ "a.test", "a.test a.test secure ", true },
		{ "b.test", "b.test a.test secure ", true },
		{ "d.test", "d.test d.test ", true },
	};
	struct dnsserver_process server = dnsserver_start(names);
	struct str text = STR_INIT;
	struct dns dns;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		dns_configure(&dns, SPAN(""), span_of(server.cache));
		list_hosts(&text, &dns, lists[i].domain, lists[i].is_relay);
		assert_string_equal(str_z(&text), lists[i].hosts);
		dns_trust(&dns, SPAN("off"));
		list_hosts(&text, &dns, lists[i].domain, lists[i].is_relay);
		assert_null(strstr(str_z(&text), "secure"));
	}
	dnsserver_stop(server);
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_shuffle),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
