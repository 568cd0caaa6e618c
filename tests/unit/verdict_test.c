/* verdict_test.c - what an exit code of qmail-queue means. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "queue/verdict.h"

static const struct {
	int exit_code;
	const char *custom;
	char letter;
	const char *status; /* NULL: not looked at */
	const char *text;   /* NULL: any */
} cases[] = {
	{ 0, "", 'K', NULL, NULL },
	{ 11, "", 'D', "5.1.3", NULL },
	{ 115, "", 'D', "5.1.3", NULL },
	{ 10, "", 'Z', "4.3.0", NULL },
	{ 12, "", 'D', "5.3.0", NULL },
	{ 31, "", 'D', "5.3.0", NULL },
	{ 40, "", 'D', "5.3.0", NULL },
	{ 41, "", 'Z', "4.3.0", NULL },
	{ 51, "", 'Z', "4.3.0", NULL },
	{ 71, "", 'Z', "4.3.0", NULL },
	{ 72, "", 'Z', "4.4.1", NULL },
	{ 73, "", 'Z', "4.4.1", NULL },
	{ 74, "", 'Z', "4.4.2", NULL },
	{ 81, "", 'Z', "4.3.0", NULL },
	{ 99, "Dno", 'Z', "4.3.0", NULL },
	{ 255, "", 'Z', "4.3.0", NULL },
	{ -1, "", 'Z', "4.3.0", NULL },
	{ 82, "", 'Z', "4.3.0", NULL },
	{ 82, "Dx", 'Z', "4.3.0", NULL },
	{ 82, "Dno way", 'D', NULL, "no way" },
	{ 82, "Zlater", 'Z', NULL, "later" },
	{ 82, "Kfine", 'Z', NULL, "fine" },
};

/* As qmail-qmqpc(8) and others mean them. */
static void
test_servers(void **state)
{
	(void)state;
	assert_true(span_equal(verdict_of_exit(72, SPAN("")).text,
	    SPAN("the server did not answer in time")));
	assert_true(span_equal(verdict_of_exit(73, SPAN("")).text,
	    SPAN("no connection to the server")));
}

static void
test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct verdict verdict = verdict_of_exit(
		    cases[i].exit_code, span_of(cases[i].custom));

		assert_int_equal(verdict.letter, cases[i].letter);
		assert_int_equal(verdict.is_custom, cases[i].text != NULL);
		assert_true(verdict.text.len > 0);
		if (cases[i].status)
			assert_string_equal(verdict.status, cases[i].status);
		if (cases[i].text)
			assert_true(
			    span_equal(verdict.text, span_of(cases[i].text)));
	}
}

/* Only 0 is consent, and only what is meant so is a refusal for good. */
static void
test_all_codes(void **state)
{
	static char much[2 * VERDICT_CUSTOM_MAX] = "D";

	(void)state;
	for (int code = -1; code < 256; code++) {
		struct verdict verdict = verdict_of_exit(code, SPAN(""));
		char wanted = code == 0 ? VERDICT_ACCEPTED
		    : (code >= 11 && code <= 40) || code == 115
		    ? VERDICT_PERMANENT
		    : VERDICT_TEMPORARY;

		assert_int_equal(verdict.letter, wanted);
		assert_true(code == 0 ||
		    verdict.status[0] ==
			(wanted == VERDICT_PERMANENT ? '5' : '4'));
	}
	memset(much + 1, 'x', sizeof(much) - 1);
	assert_int_equal(
	    verdict_of_exit(VERDICT_CUSTOM_EXIT, span_make(much, sizeof(much)))
		.text.len,
	    VERDICT_CUSTOM_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_all_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
