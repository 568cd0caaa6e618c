/* dns_test.c - the resolver against a name server with habits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <net/if.h>

#include "sys/clock.h"
#include "sys/sock.h"
#include "dnsserver.h"
#include "scratch.h"

/* How long it may wait, time that passes at once, and what it does. */
static int64_t wait_max = INT64_MAX, passed;
static int questions, waits;

static int
watched_wait_input(int fd, int64_t timeout)
{
	waits++;
	assert_true(timeout > 0 && timeout <= wait_max);
	return sock_wait_input(fd, timeout);
}

static int
watched_datagram(struct sock_peer peer)
{
	questions++;
	return sock_datagram(peer);
}

#define CONNECT_MS 70

static int
slow_stream(struct sock_peer peer, int64_t timeout)
{
	passed += CONNECT_MS;
	return sock_stream(peer, timeout);
}

#define sock_wait_input	  watched_wait_input
#define sock_datagram	  watched_datagram
#define sock_stream	  slow_stream
#define clock_monotonic() (clock_monotonic() + passed)
#include "../../src/lib/net/dns.c"

static const char table[] = "found.test A 192.0.2.1\n"
			    "found.test A 192.0.2.2\n"
			    "found.test AAAA 2001:db8::1\n"
			    "four.test A 192.0.2.1\n"
			    "cut.test A 192.0.2.3\n"
			    "cut.test is cut\n"
			    "plain.test A 192.0.2.4\n"
			    "plain.test is plain\n"
			    "lower.test A 192.0.2.5\n"
			    "lower.test is lower\n"
			    "silent.test is silent\n"
			    "servfail.test is servfail\n"
			    "wrongid.test A 192.0.2.6\n"
			    "wrongid.test is wrongid\n"
			    "damaged.test is damaged\n";

static const struct {
	const char *name;
	enum dns_type type;
	enum dns_outcome outcome;
	size_t count;
} cases[] = {
	{ "found.test", DNS_A, DNS_FOUND, 2 },
	{ "FOUND.Test", DNS_A, DNS_FOUND, 2 },
	{ "found.test", DNS_AAAA, DNS_FOUND, 1 },
	{ "four.test", DNS_AAAA, DNS_NOTHING, 0 },
	{ "gone.test", DNS_A, DNS_NO_NAME, 0 },
	{ "cut.test", DNS_A, DNS_FOUND, 1 },
	{ "plain.test", DNS_A, DNS_FOUND, 1 },
	{ "lower.test", DNS_A, DNS_FOUND, 1 },
	{ "silent.test", DNS_A, DNS_FAILED, 0 },
	{ "servfail.test", DNS_A, DNS_FAILED, 0 },
	{ "wrongid.test", DNS_A, DNS_FAILED, 0 },
	{ "damaged.test", DNS_A, DNS_FAILED, 0 },
};

static void
test_ask(void **state)
{
	struct dnsserver_process server = dnsserver_start(table);
	int before = scratch_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dnsanswer answer = DNSANSWER_INIT;
		struct dnsname name;
		struct dns dns;

		dns_configure(&dns, SPAN("options timeout:1 attempts:2\n"),
		    span_of(server.cache));
		dns.timeout = 200;
		assert_true(dnsname_parse(span_of(cases[i].name), &name));
		if (dns_ask(&dns, &name, cases[i].type, &answer) !=
		    cases[i].outcome)
			fail_msg("%s", cases[i].name);
		if (cases[i].count)
			assert_int_equal(
			    answer.records.list.len, cases[i].count);
		dnsanswer_free(&answer);
	}
	assert_int_equal(scratch_descriptors(), before);
	dnsserver_stop(server);
}

static void
test_configure(void **state)
{
	struct dns dns;

	(void)state;
	dns_configure(&dns,
	    SPAN("# text\nnameserver\t192.0.2.1 \nnameserver 2001:db8::1\r\n"
		 "nameserver fe80::1%none\nnameserver x\n"
		 "nameserver 192.0.2.2%lo\nnameserver fe80::1%0\n"
		 "nameserver fe80::1%\n"
		 "options ndots:1 timeout:3 attempts:99\n"
		 "nameserver 192.0.2.3\nnameserver 192.0.2.4"),
	    SPAN(""));
	assert_int_equal(dns.server_count, 3);
	assert_int_equal(dns.servers[1].address.family, 6);
	assert_int_equal(dns.servers[1].port, 53);
	assert_int_equal(dns.timeout, 3000);
	assert_int_equal(dns.attempts, DNS_ATTEMPTS_MAX);
	dns_configure(&dns, SPAN(""), SPAN(""));
	assert_int_equal(dns.server_count, 1);
	assert_int_equal(dns.servers[0].address.bytes[0], 127);
	dns_configure(&dns, SPAN(""), SPAN("[2001:db8::5]:5353"));
	assert_int_equal(dns.server_count, 1);
	assert_int_equal(dns.servers[0].address.family, 6);
	assert_int_equal(dns.servers[0].port, 5353);
	dns_configure(&dns, SPAN(""), SPAN("2001:db8::5"));
	assert_int_equal(dns.servers[0].port, 53);
	dns_configure(&dns,
	    SPAN("nameserver fe80::1%lo\nnameserver fe80::1%4321\n"
		 "nameserver fe80::1\n"),
	    SPAN(""));
	assert_int_equal(dns.server_count, 3);
	assert_int_equal(dns.servers[0].scope, if_nametoindex("lo"));
	assert_int_equal(dns.servers[0].address.bytes[15], 1);
	assert_int_equal(dns.servers[1].scope, 4321);
	assert_int_equal(dns.servers[2].scope, 0);
	dns_configure(&dns, SPAN(""), SPAN("[fe80::1%lo]:5353"));
	assert_int_equal(dns.servers[0].scope, if_nametoindex("lo"));
	assert_int_equal(dns.servers[0].port, 5353);
	dns_configure(&dns, SPAN("nameserver 192.0.2.1\n"), SPAN("nonsense"));
	assert_int_equal(dns.server_count, 0);
}

/* No more waiting than the budget, however many servers and rounds. */
static void
test_budget(void **state)
{
	struct dnsserver_process server = dnsserver_start(table);
	struct dnsanswer answer = DNSANSWER_INIT;
	struct dnsname name;
	struct dns dns;

	(void)state;
	dns_configure(&dns, SPAN(""), span_of(server.cache));
	dns.budget = 100;
	dns.timeout = 1000000;
	questions = 0;
	wait_max = 50;
	assert_true(dnsname_parse(SPAN("silent.test"), &name));
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FAILED);
	assert_true(dns.budget <= 50);
	assert_int_equal(questions, 1);
	/* Nor is anybody asked, or waited for, when it is used up. */
	dns.budget = 0;
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FAILED);
	assert_int_equal(questions, 1);
	waits = 0;
	assert_false(wait_input(&(struct try){
	    .dns = &dns, .fd = -1, .until = clock_monotonic() + 1000 }));
	assert_int_equal(waits, 0);
	/* Connecting takes from it. */
	wait_max = INT64_MAX;
	dns.budget = 10000;
	assert_true(dnsname_parse(SPAN("cut.test"), &name));
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FOUND);
	assert_true(dns.budget <= 10000 - CONNECT_MS);
	dnsanswer_free(&answer);
	dnsserver_stop(server);
}

/* A name whose servers are dead leaves time for the others: there may be a host
 * for the mail among them. */
static void
test_budget_is_shared(void **state)
{
	struct dnsserver_process server = dnsserver_start(table);
	struct dnsanswer answer = DNSANSWER_INIT;
	struct dnsname silent, found;
	struct dns dns;

	(void)state;
	dns_configure(&dns, SPAN(""), span_of(server.cache));
	dns.budget = 4000;
	dns.timeout = 1000000;
	wait_max = INT64_MAX;
	assert_true(dnsname_parse(SPAN("silent.test"), &silent));
	assert_true(dnsname_parse(SPAN("found.test"), &found));
	assert_int_equal(dns_ask(&dns, &silent, DNS_A, &answer), DNS_FAILED);
	assert_int_equal(dns_ask(&dns, &found, DNS_A, &answer), DNS_FOUND);
	dnsanswer_free(&answer);
	dnsserver_stop(server);
}

/* After the deadline nobody is asked; before it, no longer than half of the time until
 * then, which leaves of the budget what the test would not wait for. */
static void
test_deadline(void **state)
{
	struct dnsserver_process server = dnsserver_start(table);
	struct dnsanswer answer = DNSANSWER_INIT;
	struct dnsname name;
	struct dns dns;
	int64_t deadline;

	(void)state;
	dns_configure(&dns, SPAN(""), span_of(server.cache));
	dns.timeout = 1000000;
	dns.budget = 1000000;
	deadline = dns.deadline = clock_monotonic() + 200;
	wait_max = 100;
	assert_true(dnsname_parse(SPAN("silent.test"), &name));
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FAILED);
	assert_true(clock_monotonic() >= deadline - 100);
	assert_int_equal(dns.deadline, deadline);
	dns.deadline = clock_monotonic();
	assert_true(dnsname_parse(SPAN("found.test"), &name));
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FAILED);
	dns.deadline = 0;
	wait_max = INT64_MAX;
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FOUND);
	dnsanswer_free(&answer);
	dnsserver_stop(server);
}

/* It is asked again at once, and the next time at once in plain case; in one
 * round, and without any wait: that would be longer than the test. */
static void
test_letter_case(void **state)
{
	struct dnsserver_process server = dnsserver_start(table);
	struct dnsanswer answer = DNSANSWER_INIT;
	struct dnsname name;
	struct dns dns;

	(void)state;
	dns_configure(&dns, SPAN("options attempts:1"), span_of(server.cache));
	dns.timeout = dns.budget = 1000000;
	assert_true(dnsname_parse(SPAN("found.test"), &name));
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FOUND);
	assert_false(dns.servers[0].is_caseless);
	assert_true(dnsname_parse(SPAN("lower.test"), &name));
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FOUND);
	assert_true(dns.servers[0].is_caseless);
	assert_int_equal(dns_ask(&dns, &name, DNS_A, &answer), DNS_FOUND);
	dnsanswer_free(&answer);
	dnsserver_stop(server);
}

/* A server that refuses, and one that is not there, are not waited for. */
static void
test_next_server(void **state)
{
	static const char *const refusals[] = { "found.test is refused\n",
		"found.test is servfail\n", "found.test is damaged\n", NULL };
	struct dnsserver_process good = dnsserver_start(table);

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct dnsserver_process bad =
		    dnsserver_start(refusals[i] ? refusals[i] : table);
		struct dnsanswer answer = DNSANSWER_INIT;
		struct dnsname name;
		struct dns dns, other;

		dns_configure(&other, SPAN(""), span_of(good.cache));
		dns_configure(
		    &dns, SPAN("options attempts:1"), span_of(bad.cache));
		dns.servers[dns.server_count++] = other.servers[0];
		dns.timeout = dns.budget = 1000000;
		if (!refusals[i])
			dnsserver_stop(bad);
		assert_true(dnsname_parse(SPAN("found.test"), &name));
		assert_int_equal(
		    dns_ask(&dns, &name, DNS_A, &answer), DNS_FOUND);
		assert_int_equal(answer.records.list.len, 2);
		dnsanswer_free(&answer);
		if (refusals[i])
			dnsserver_stop(bad);
	}
	dnsserver_stop(good);
}

/* Whether the answer about a name is secure, with this setting. */
static bool
is_secure(const char *cache, const char *setting, const char *text)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct dnsname name;
	struct dns dns;
	bool result;

	dns_configure(&dns, SPAN(""), span_of(cache));
	dns_trust(&dns, span_of(setting));
	assert_true(dnsname_parse(span_of(text), &name));
	answer.is_secure = true;
	(void)dns_ask(&dns, &name, DNS_A, &answer);
	result = answer.is_secure;
	dnsanswer_free(&answer);
	return result;
}

static void
test_security(void **state)
{
	static const char names[] = "good.test A 192.0.2.1\n"
				    "good.test is secure\n"
				    "plain.test A 192.0.2.1\n"
				    "nothing.test is secure\n"
				    "bogus.test is secure\n"
				    "bogus.test is servfail\n"
				    "boast.test is boasts\n"
				    "alias.test is secure\n"
				    "alias.test CNAME good.test\n"
				    "leads.test is secure\n"
				    "leads.test CNAME plain.test\n"
				    "good.test A 192.0.2.1\n"
				    "good.test is secure\n"
				    "plain.test A 192.0.2.1\n";
	struct dnsserver_process server = dnsserver_start(names);

	(void)state;
	assert_true(is_secure(server.cache, "", "good.test"));
	assert_true(is_secure(server.cache, "", "nothing.test"));
	assert_true(is_secure(server.cache, "", "alias.test"));
	assert_false(is_secure(server.cache, "", "plain.test"));
	assert_false(is_secure(server.cache, "", "leads.test"));
	assert_false(is_secure(server.cache, "", "bogus.test"));
	assert_false(is_secure(server.cache, "off", "good.test"));
	assert_true(is_secure(server.cache, "", "boast.test"));
	assert_false(is_secure(server.cache, "off", "boast.test"));
	assert_false(is_secure("nonsense", "", "good.test"));
	assert_true(is_secure(server.cache, "trust", "good.test"));
	assert_true(is_secure(server.cache, "192.0.2.1 127.0.0.1", "good.test"));
	assert_false(is_secure(server.cache, "192.0.2.1", "good.test"));
	dnsserver_stop(server);
}

/* All servers that may be asked have to be trusted. */
static void
test_trust(void **state)
{
	static const struct {
		const char *conf, *setting;
		bool is_trusted;
	} trusts[] = {
		{ "nameserver 127.0.0.1\nnameserver ::1\n", "", true },
		{ "nameserver 127.9.9.9\n", " ", true },
		{ "nameserver 127.0.0.1\nnameserver 192.0.2.1\n", "", false },
		{ "nameserver 192.0.2.1\n", "", false },
		{ "nameserver 192.0.2.1\n", "trust", true },
		{ "nameserver 192.0.2.1\n", "trusted", false },
		{ "nameserver 127.0.0.1\n", "off", false },
		{ "nameserver 192.0.2.1\nnameserver 192.0.2.2\n",
		    "192.0.2.1\t192.0.2.2", true },
		{ "nameserver 192.0.2.1\nnameserver 192.0.2.2\n", "192.0.2.1",
		    false },
		{ "nameserver 192.0.2.1\n", "::1 192.0.2.1", true },
		{ "nameserver 192.0.2.1\n", "::1 ::2 ::3 192.0.2.1", false },
	};
	struct dns dns;

	(void)state;
	for (size_t i = 0; i < sizeof(trusts) / sizeof(trusts[0]); i++) {
		dns_configure(&dns, span_of(trusts[i].conf), SPAN(""));
		dns_trust(&dns, span_of(trusts[i].setting));
		if (dns_is_trusted(&dns) != trusts[i].is_trusted)
			fail_msg("%s", trusts[i].setting);
	}
	/* The setting stays when the first question reads the servers. */
	assert_int_equal(setenv("DNSCACHEIP", "192.0.2.7", 1), 0);
	dns_open(&dns, 0);
	assert_false(dns_is_trusted(&dns));
	dns_open(&dns, 0);
	dns_trust(&dns, SPAN("192.0.2.7"));
	assert_true(dns_is_trusted(&dns));
	assert_int_equal(unsetenv("DNSCACHEIP"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_configure),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_budget_is_shared),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_letter_case),
		cmocka_unit_test(test_next_server),
		cmocka_unit_test(test_security),
		cmocka_unit_test(test_trust),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
