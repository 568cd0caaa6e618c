/* ipme_test.c - which addresses are this machine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

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
	{ "127.0.0.77", 0 },
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
