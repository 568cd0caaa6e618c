/* punycode_test.c - labels beyond ASCII, as the DNS has them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/punycode.h"

/* Other sources than our own code: RFC 3492 7.1 and registries. */
static const struct {
	const char *label, *ascii; /* NULL: there is none */
} cases[] = {
	{ "\xc3\xa4", "xn--4ca" },
	{ "b\xc3\xbc"
	  "cher",
	    "xn--bcher-kva" },
	{ "B\xc3\xbc"
	  "CHER",
	    "xn--bcher-kva" },
	{ "m\xc3\xbcnchen-ost", "xn--mnchen-ost-9db" },
	{ "\xe4\xbe\x8b\xe3\x81\x88", "xn--r8jz45g" },
	{ "\xe6\xb5\x8b\xe8\xaf\x95", "xn--0zwm56d" },
	{ "\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8"
	  "\xd0\xb5",
	    "xn--80akhbyknj4f" },
	{ "\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4"
	  "\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96\x87",
	    "xn--ihqwcrb4cv8a8dqg056pqjye" },
	{ "3\xe5\xb9\xb4"
	  "b\xe7\xb5\x84\xe9\x87\x91\xe5\x85\xab\xe5\x85\x88"
	  "\xe7\x94\x9f",
	    "xn--3b-ww4c5e180e575a65lsy2b" },
	{ "\xf0\x9f\x92\xa9", "xn--ls8h" },
	{ "\xf4\x8f\xbf\xbf", "xn--dn32g" },
	{ "\xc3", NULL },
	{ "a\xe4", NULL },
	{ "\xed\xa0\x80", NULL },
};

static void
test_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = STR_INIT;

		print_message("%zu\n", i);
		str_add_z(&text, "a.");
		assert_int_equal(
		    punycode_add_label(&text, span_of(cases[i].label)),
		    cases[i].ascii != NULL);
		if (cases[i].ascii)
			assert_string_equal(str_z(&text) + 2, cases[i].ascii);
		str_free(&text);
	}
}

/* The longest that fits, and what does not. */
static void
test_length(void **state)
{
	struct str label = STR_INIT, text = STR_INIT;
	size_t longest = 0;

	(void)state;
	str_add_z(&label, "\xc3\xa4");
	for (size_t n = 1; n < 200; n++) {
		str_reset(&text);
		if (punycode_add_label(&text, str_span(&label)))
			longest = text.len;
		str_add_byte(&label, 'x');
	}
	assert_int_equal(longest, PUNYCODE_LABEL_MAX);
	str_reset(&label);
	while (label.len < 4000)
		str_add_z(&label, "\xf4\x8f\xbf\xbf\xc2\x80");
	assert_false(punycode_add_label(&text, str_span(&label)));
	str_free(&label);
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
