/* hops_test.c - how often a message was passed on. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/hops.h"

static const struct {
	const char *message;
	size_t count;
} cases[] = {
	{ "", 0 },
	{ "Received: x\n", 1 },
	{ "Received: x", 0 },
	{ "received:\nDELIVERED-TO: y\n", 2 },
	{ "Received-SPF: x\nDelivered: y\nReceived : z\nReceive: a\n", 0 },
	{ " Received: x\n\tReceived: x\nX-Received: x\n", 0 },
	{ "a: b\n\nReceived: x\n", 0 },
	{ "\nReceived: x\n", 0 },
	{ "Received: x\nb\nDelivered-To: y\n\nDelivered-To: z\n", 2 },
	{ "Delivered-To", 0 },
	{ "Delivered-To:\nDelivered-T:\n", 1 },
};

/* Each message whole, and in parts of every size. */
static void
test_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span message = span_of(cases[i].message);

		for (size_t step = 1; step <= message.len + 1; step++) {
			struct hops hops = { 0 };
			struct span rest = message;

			while (rest.len) {
				hops_add(&hops, span_upto(rest, step));
				rest = span_from(rest, step);
			}
			assert_int_equal(hops.count, cases[i].count);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
