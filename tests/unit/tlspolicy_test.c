/* tlspolicy_test.c - lines of control/tlspolicy. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/tlspolicy.h"

#define DIGEST \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PAIRS                                                         \
	"01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67" \
	":89:ab:cd:ef:01:23:45:67:89:ab:cd:ef"

static const struct {
	const char *text;
	int kind;	    /* -1: it is none */
	const char *values; /* each with a bar */
} lines[] = {
	{ "none", TLSPOLICY_NONE, "" },
	{ "MAY", TLSPOLICY_MAY, "" },
	{ "encrypt", TLSPOLICY_ENCRYPT, "" },
	{ "verify", TLSPOLICY_VERIFY, "" },
	{ "verify mx.example", TLSPOLICY_VERIFY, "mx.example|" },
	{ "verify  mx.example .b.example ", TLSPOLICY_VERIFY,
	    "mx.example|.b.example|" },
	{ "fingerprint " DIGEST, TLSPOLICY_FINGERPRINT, DIGEST "|" },
	{ "fingerprint " PAIRS " " DIGEST, TLSPOLICY_FINGERPRINT,
	    DIGEST "|" DIGEST "|" },
	{ "", -1, "" },
	{ "sometimes", -1, "" },
	{ "none now", -1, "" },
	{ "encrypt mx.example", -1, "" },
	{ "fingerprint", -1, "" },
	{ "fingerprint 0123", -1, "" },
	{ "fingerprint " DIGEST "0", -1, "" },
	{ "fingerprint " DIGEST "00", -1, "" },
	{ "fingerprint x" DIGEST, -1, "" },
	{ "fingerprint " DIGEST " 0", -1, "" },
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct tlspolicy policy = TLSPOLICY_INIT;
		struct str values = STR_INIT;
		int result = tlspolicy_parse(span_of(lines[i].text), &policy);

		assert_int_equal(result, lines[i].kind < 0 ? -1 : 0);
		if (result == 0) {
			for (size_t n = 0; n < policy.values.len; n++) {
				str_add(&values, policy.values.at[n]);
				str_add_byte(&values, '|');
			}
			assert_int_equal(policy.kind, lines[i].kind);
			assert_string_equal(str_z(&values), lines[i].values);
		}
		str_free(&values);
		tlspolicy_free(&policy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
