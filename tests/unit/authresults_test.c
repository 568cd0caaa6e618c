/* authresults_test.c - fields Authentication-Results of others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/authresults.h"

static const struct {
	const char *value;
	bool is_from; /* us.example, or malformed */
} fields[] = {
	{ " us.example; dmarc=pass", true },
	{ " US.Example; none", true },
	{ " us.example 1; dmarc=pass", true },
	{ " us.example (1) 1 (1); dmarc=pass", true },
	{ " \"us.example\"; dmarc=pass", true },
	{ "\n\t(a (b) \\) c)us.example(d)\n\t;", true },
	{ " us.example.; dmarc=pass", true },
	{ " us.example..; dmarc=pass", true },
	{ " \"us.example.\" 1; dmarc=pass", true },
	{ " there.example; dmarc=pass", false },
	{ " there.example 1; dmarc=pass", false },
	{ " there.example(c)1(c); dmarc=pass", false },
	{ " there.example;", false },
	{ " \"there example\"; none", false },
	{ " m\303\274.example; none", false },
	{ " us.example1; none", false },
	{ " not.us.example; none", false },
	/* Malformed. */
	{ "", true },
	{ " ", true },
	{ " garbage", true },
	{ " there.example", true },
	{ " there.example 1", true },
	{ " us.example/1; dmarc=pass", true },
	{ " there.example/1; dmarc=pass", true },
	{ " there.example v1; dmarc=pass", true },
	{ " there.example 1 1; dmarc=pass", true },
	{ " there.example, us.example; dmarc=pass", true },
	{ " spf=pass smtp.mailfrom=there.example; dmarc=pass", true },
	{ " joe@there.example; dmarc=pass", true },
	{ " ; dmarc=pass", true },
	{ " \"\"; dmarc=pass", true },
	{ " \"there.example; dmarc=pass", true },
	{ " \"us\".example; dmarc=pass", true },
	{ " there.example (; dmarc=pass", true },
	{ " (there.example; dmarc=pass", true },
	{ " there.example\001; dmarc=pass", true },
};

static void
test_whose(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct span value = span_of(fields[i].value);

		print_message("%s\n", fields[i].value);
		assert_int_equal(authresults_is_from(value, SPAN("us.example")),
		    fields[i].is_from);
		assert_int_equal(
		    authresults_is_from(value, SPAN("us.example.")),
		    fields[i].is_from);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
