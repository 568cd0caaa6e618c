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
	/* What cannot be seen, or not be told from ours. */
	{ " us.example\302\240; dmarc=pass", true },
	{ "\302\240us.example; dmarc=pass", true },
	{ "\240us.example; dmarc=pass", true },
	{ " \357\273\277us.example; dmarc=pass", true },
	{ " \342\200\213us.example; dmarc=pass", true },
	{ " us\302\255.example; dmarc=pass", true },
	{ " us\357\274\216example; dmarc=pass", true },
	{ " \357\275\225s.example; dmarc=pass", true },
	{ " \"us.example\342\200\213\"; dmarc=pass", true },
	{ " \" us.example\"; dmarc=pass", true },
	{ " \"us.example \"; dmarc=pass", true },
	{ " \"us.example\001\"; dmarc=pass", true },
	{ " \"us.example.\001 \"; dmarc=pass", true },
};

static const struct {
	const char *field;
	bool pretends;
} names[] = {
	{ "Authentication-Results: us.example; none\n", true },
	{ "authentication-results \t: us.example; none\n", true },
	{ "Authentication-Results: there.example; none\n", false },
	{ "Authentication-Results\t: there.example; none\n", false },
	{ "Authentication-Results\r: there.example; none\n", true },
	{ "Authentication-Results\n : us.example; none\n", true },
	{ "Authentication-\n\tResults: us.example; none\n", true },
	{ "\rAuthentication-Results: us.example; none\n", true },
	{ "\357\273\277Authentication-Results: us.example; none\n", true },
	{ "Authentication-Results\302\240: us.example; none\n", true },
	{ " Authentication-Results: us.example; none\n", true },
	{ "Subject: x\rAuthentication-Results: us.example; none\n", true },
	{ "Subject: x\r\rAuthentication-Results: us.example; none\n", true },
	{ "Authentication-Results: there.example; none\r"
	  "Authentication-Results: us.example; none\n",
	    true },
	{ "Authentication-Results: there.example; none\rX: y\n", false },
	{ "Subject: x\r y\n", false },
	{ "Subject: Authentication-Results: us.example; none\n", false },
	{ "X-Authentication-Results: us.example; none\n", false },
	{ "Authentication-Results-X: us.example; none\n", false },
	{ "Authentication-Result: us.example; none\n", false },
	{ "Authentication-Results us.example; none\n", false },
	{ ": us.example\n", false },
	{ "\n", false },
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

static void
test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		print_message("%s", names[i].field);
		assert_int_equal(authresults_pretends(span_of(names[i].field),
				     SPAN("us.example")),
		    names[i].pretends);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_whose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
