/* mailhops_test.c - how often a message was passed on, in pieces of any size.
 * (hops_test.c is about the next hops of send/.) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/str.h"
#include "mail/hops.h"

#define LONG "12345678901234567890123456789012345678901234567890"

static const struct {
	const char *text;
	size_t count, header;
} cases[] = {
	{ "", 0, 0 },
	{ "Received: x\n\n", 1, 13 },
	{ "RECEIVED:\nreceived:x\nDelivered-To: a@b\n\nx\n", 3, 40 },
	{ "Received:", 0, 9 }, /* the line is not over */
	{ "Received x\nXReceived: y\nDelivered-Too: z\n", 0, 41 },
	{ "a: b\n\nReceived: of the text\n\nReceived: x\n", 0, 6 },
	{ "\nReceived: x\n", 0, 1 },
	{ "a: " LONG "\nReceived: " LONG "\n b\n\n", 1, 54 + 61 + 3 + 1 },
};

/* In pieces of so many bytes.  Its prefix has nothing but guards behind it. */
static void
check(size_t index, size_t size)
{
	struct {
		struct hops hops;
		char guard[64];
	} own;
	struct span rest = span_of(cases[index].text);
	char guard[64];

	memset(&own, 0, sizeof(own));
	memset(guard, 0, sizeof(guard));
	while (rest.len) {
		hops_add(&own.hops, span_upto(rest, size));
		rest = span_from(rest, size);
		assert_true(own.hops.line_len <= strlen(cases[index].text));
	}
	assert_int_equal(own.hops.count, cases[index].count);
	assert_int_equal(own.hops.header, cases[index].header);
	assert_memory_equal(own.guard, guard, sizeof(guard));
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t size = 1; size < 60; size++)
			check(i, size);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
