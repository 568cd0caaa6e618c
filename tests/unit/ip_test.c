/* ip_test.c - addresses to text and back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/ip.h"

/* Text, its usual form; NULL: no address. */
static const char *const cases[][2] = {
	{ "127.0.0.1", "127.0.0.1" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "010.1.2.3", "10.1.2.3" },
	{ "", NULL },
	{ "1.2.3", NULL },
	{ "1.2.3.4.", NULL },
	{ "1.2.3.4.5", NULL },
	{ ".1.2.3", NULL },
	{ "1..2.3", NULL },
	{ "1.2.3.256", NULL },
	{ "1.2.3.0004", NULL },
	{ "1.2.3.4 ", NULL },
	{ "1.2.3.-4", NULL },
	{ "::", "::" },
	{ "::1", "::1" },
	{ "1::", "1::" },
	{ "2001:DB8::1", "2001:db8::1" },
	{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
	{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
	{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
	{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
	{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
	{ "0:0:0:0:0:0:0:0", "::" },
	{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
	{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
	{ "::ffff:c000:201", "::ffff:192.0.2.1" },
	{ "1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201" },
	{ "fe80::ffff:0:1", "fe80::ffff:0:1" },
	{ ":", NULL },
	{ ":::", NULL },
	{ ":1", NULL },
	{ "1:", NULL },
	{ "1::2::3", NULL },
	{ "1:2:3:4:5:6:7", NULL },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "1:2:3:4:5:6:7:8::", NULL },
	{ "1:2:3:4::5:6:7:8", NULL },
	{ "12345::", NULL },
	{ "g::", NULL },
	{ "::1%eth0", NULL },
	{ "1.2.3.4::", NULL },
	{ "::1.2.3.4:5", NULL },
	{ "::1.2.3", NULL },
};

static void
test_parse_and_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_address address;
		struct str text = STR_INIT;
		bool is = ip_parse(span_of(cases[i][0]), &address);

		if (is != !!cases[i][1])
			print_error("case %s\n", cases[i][0]);
		assert_int_equal(is, !!cases[i][1]);
		if (!is)
			continue;
		ip_format(&text, &address);
		assert_string_equal(str_z(&text), cases[i][1]);
		str_free(&text);
	}
}

static void
test_literal(void **state)
{
	struct ip_address a, b;

	(void)state;
	assert_true(ip_parse(SPAN("2001:db8::1"), &a));
	assert_true(ip_parse_literal(SPAN("[IPv6:2001:db8::1]"), &b));
	assert_true(ip_equal(&a, &b));
	assert_true(ip_parse_literal(SPAN("[2001:db8::1]"), &b));
	assert_true(ip_equal(&a, &b));
	assert_true(ip_parse_literal(SPAN("[127.0.0.1]"), &b));
	assert_false(ip_equal(&a, &b));
	assert_false(ip_parse_literal(SPAN("[IPv6:127.0.0.1]"), &b));
	assert_false(ip_parse_literal(SPAN("127.0.0.1"), &b));
	assert_false(ip_parse_literal(SPAN("["), &b));
	assert_false(ip_parse_literal(SPAN("[]"), &b));
	assert_false(ip_parse_literal(SPAN("[127.0.0.1"), &b));
}

static void
test_unmapped(void **state)
{
	struct ip_address a, b;

	(void)state;
	assert_true(ip_parse(SPAN("::ffff:127.0.0.1"), &a));
	assert_true(ip_parse(SPAN("127.0.0.1"), &b));
	a = ip_unmapped(&a);
	assert_true(ip_equal(&a, &b));
	a = ip_unmapped(&b);
	assert_true(ip_equal(&a, &b));
}

static void
check_labels(struct span text, const char *labels, const char *name)
{
	struct str out = STR_INIT;
	struct ip_address ip;

	assert_true(ip_parse(text, &ip));
	ip_add_labels(&out, &ip, false);
	assert_string_equal(str_z(&out), labels);
	str_reset(&out);
	ip_add_reverse_name(&out, &ip);
	assert_string_equal(str_z(&out), name);
	str_free(&out);
}

static void
test_labels(void **state)
{
	(void)state;
	check_labels(
	    SPAN("192.0.2.10"), "192.0.2.10", "10.2.0.192.in-addr.arpa");
	check_labels(SPAN("2001:db8::cb01"),
	    "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1",
	    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
	    ".ip6.arpa");
}

static const struct {
	const char *address, *network;
	unsigned bits;
	bool is_within;
} networks[] = {
	{ "192.0.2.1", "192.0.2.1", 32, true },
	{ "192.0.2.1", "192.0.2.0", 32, false },
	{ "192.0.2.1", "192.0.2.0", 31, true },
	{ "192.0.2.2", "192.0.2.0", 31, false },
	{ "192.0.2.255", "192.0.2.0", 24, true },
	{ "192.0.3.0", "192.0.2.0", 24, false },
	{ "192.0.3.0", "192.0.2.0", 23, true },
	{ "255.0.2.1", "0.0.0.0", 0, true },
	{ "255.0.2.1", "0.0.0.0", 1, false },
	{ "192.0.2.1", "192.0.2.1", 33, true },
	{ "192.0.2.1", "192.0.2.0", 128, false },
	{ "::1", "0.0.0.0", 0, false },
	{ "2001:db8::2", "2001:db8::", 127, false },
	{ "2001:db8::1", "2001:db8::", 126, true },
	{ "2001:db8::1", "2001:db8::1", 128, true },
	{ "2001:db8::1", "2001:db8::1", 129, true },
	{ "2001:db8::", "2001:db8::1", 999, false },
	{ "2001:db8:8000::", "2001:db8::", 33, false },
	{ "2001:db8:8000::", "2001:db8::", 32, true },
};

static void
test_within(void **state)
{
	struct ip_address address, network;

	(void)state;
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		assert_true(ip_parse(span_of(networks[i].address), &address));
		assert_true(ip_parse(span_of(networks[i].network), &network));
		assert_int_equal(
		    ip_is_within(&address, &network, networks[i].bits),
		    networks[i].is_within);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_format),
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_unmapped),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
