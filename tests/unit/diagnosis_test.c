/* diagnosis_test.c - what a program can tell from words about a delivery. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/diagnosis.h"

static void
test_diagnosis(void **state)
{
	static const struct {
		const char *words, *status, *reply, *host;
	} cases[] = {
		{ "", "", "", "" },
		{ "no such user. (#5.1.1)\n", "5.1.1", "", "" },
		{ "a (#5.1.1) b (#4.4.1)\nmore\n", "4.4.1", "", "" },
		{ "a (#5.1.123)", "5.1.123", "", "" },
		{ "a (#5.1.1234)", "", "", "" },
		{ "a (#5.1.)", "", "", "" },
		{ "a (#5..1)", "", "", "" },
		{ "a (#5.1)", "", "", "" },
		{ "a (#5", "", "", "" },
		{ "a (#2.0.0)", "", "", "" },
		{ "a #5.1.1", "", "", "" },
		{ "1.2.3.4 refused.\nRemote host said: 550 5.7.1 no\n", "5.7.1",
		    "550 5.7.1 no\n", "1.2.3.4" },
		{ "1.2.3.4 refused.\nRemote host said: 550-5.7.1 a\n550 b\n",
		    "5.7.1", "550-5.7.1 a\n550 b\n", "1.2.3.4" },
		{ "1.2.3.4 refused.\nRemote host said: 550 no\n", "",
		    "550 no\n", "1.2.3.4" },
		{ "1.2.3.4 large. (#5.3.4)\nRemote host said: 550 no\n",
		    "5.3.4", "550 no\n", "1.2.3.4" },
		{ "1.2.3.4 no.\nRemote host said: 550-a\n550 b\nEnd 550 c\n",
		    "", "550-a\n550 b\n", "1.2.3.4" },
		{ "1.2.3.4 no.\nRemote host said: what\n", "", "what\n",
		    "1.2.3.4" },
		{ "1.2.3.4 no.\nRemote host said: ", "", "", "" },
		/* Not in the middle of a line. */
		{ "a Remote host said: 550 5.7.1 no\n", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct diagnosis got = diagnosis_of(span_of(cases[i].words));

		assert_true(span_equal(got.status, span_of(cases[i].status)));
		assert_true(span_equal(got.reply, span_of(cases[i].reply)));
		assert_true(span_equal(got.host, span_of(cases[i].host)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diagnosis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
