/* ipme_test.c - which addresses are this machine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "net/ipme.h"

static const struct {
	const char *address;
	int is_own;
} cases[] = {
	{ "127.0.0.1", 1 },
	{ "::ffff:127.0.0.1", 1 },
	{ "0.0.0.0", 1 },
	{ "::ffff:0.0.0.0", 1 },
	{ "::1", 1 },
	{ "::", 1 },
	{ "0.1.2.3", 1 },
	{ "::ffff:0.1.2.3", 1 },
	{ "::2", 0 },
	{ "203.0.113.77", 0 },
	{ "2001:db8::77", 0 },
	{ "255.255.255.255", 0 },
};

static void
test_own(void **state)
{
	struct ipme me = IPME_INIT;

	(void)state;
	assert_int_equal(ipme_read(&me), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_address address;

		assert_true(ip_parse(span_of(cases[i].address), &address));
		assert_int_equal(ipme_has(&address), cases[i].is_own);
		assert_int_equal(ipme_is_own(&me, &address), cases[i].is_own);
	}
	ipme_free(&me);
}

static void
add(struct ipme *me, const char *text)
{
	struct netif_address address = { 0 };
	struct ip_address parsed;

	assert_true(ip_parse(span_of(text), &parsed));
	address.family = parsed.family;
	memcpy(address.bytes, parsed.bytes, sizeof(address.bytes));
	vec_push(&me->interfaces.addresses, address);
}

static bool
is_own(const struct ipme *me, const char *text)
{
	struct ip_address address;

	assert_true(ip_parse(span_of(text), &address));
	return ipme_is_own(me, &address);
}

/* 127.0.0.0/8 is this machine where there are others. */
static void
test_loopback(void **state)
{
	static const char *const networks[] = { "192.0.2.1", "fe80::1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ipme me = IPME_INIT;

		add(&me, "127.0.0.1");
		add(&me, "127.0.0.9");
		add(&me, "::1");
		assert_true(is_own(&me, "127.0.0.9"));
		assert_false(is_own(&me, "127.0.0.53"));
		assert_false(is_own(&me, "::ffff:127.0.0.53"));
		assert_false(is_own(&me, networks[i]));
		add(&me, networks[i]);
		assert_true(is_own(&me, networks[i]));
		assert_true(is_own(&me, "127.0.0.53"));
		assert_true(is_own(&me, "127.255.255.255"));
		assert_true(is_own(&me, "::ffff:127.0.0.53"));
		assert_false(is_own(&me, "128.0.0.1"));
		assert_false(is_own(&me, "192.0.2.2"));
		ipme_free(&me);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
