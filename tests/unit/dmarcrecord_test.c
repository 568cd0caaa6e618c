/* dmarcrecord_test.c - DMARC records. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/str.h"
#include "mail/dmarcrecord.h"

/* What was understood: p, sp, np by their first letters, then s for strict (dkim,
 * spf), t, y or n for psd; "-": no record; "?": none that can be used. */
static const struct {
	const char *text, *understood;
} records[] = {
	{ "v=DMARC1; p=reject", "rrr" },
	{ "v=DMARC1;p=none;", "nnn" },
	{ "v=DMARC1;p=quarantine; sp=none", "qnn" },
	{ "v=DMARC1;p=none;sp=quarantine;np=reject", "nqr" },
	{ "v=DMARC1;p=none;np=reject", "nnr" },
	{ "v = DMARC1 ;\tP = Reject ; aspf = s ;", "rrr spf" },
	{ "v=DMARC1; p=none; adkim=S", "nnn dkim" },
	{ "v=DMARC1; p=none; adkim=x; aspf=strict; t=yes; psd=x", "nnn" },
	{ "v=DMARC1; p=none; t=y", "nnn t" },
	{ "v=DMARC1; p=none; t=n; psd=y", "nnn y" },
	{ "v=DMARC1; psd=n; p=none", "nnn n" },
	{ "v=DMARC1; p=none; psd=u", "nnn" },
	{ "v=DMARC1; zz; =; ;; p=none; pct=0", "nnn" },
	{ "v=DMARC1; p=none; p=reject", "nnn" },
	{ "v=DMARC1; v=DMARC2; p=reject", "rrr" },
	{ "v=DMARC1", "?" },
	{ "v=DMARC1;", "?" },
	{ "v=DMARC1; p=refuse", "?" },
	{ "v=DMARC1; p=", "?" },
	{ "v=DMARC1; p", "?" },
	{ "v=DMARC1; p=reject; sp=refuse", "?" },
	{ "v=DMARC1; p=reject; np=refuse", "?" },
	{ "v=DMARC1; sp=reject", "?" },
	{ "v=DMARC1; rua=mailto:r@d.example", "nnn" },
	{ "v=DMARC1; p=refuse; rua=mailto:r@d.example!10m", "nnn" },
	{ "v=DMARC1; p=reject; sp=refuse; rua=mailto:r@d.example", "nnn" },
	{ "v=DMARC1; p=reject; np=x; aspf=s; rua=mailto:r@d.example",
	    "nnn spf" },
	{ "v=DMARC1; rua=x, mailto:r@d.example", "nnn" },
	{ "v=DMARC1; rua=https://d.example/", "nnn" },
	{ "v=DMARC1; rua=r@d.example", "?" },
	{ "v=DMARC1; rua=mailto:r", "?" },
	{ "v=DMARC1; rua=mailto:@d.example", "?" },
	{ "v=DMARC1; rua=mailto:r@", "?" },
	{ "v=DMARC1; rua=mailto:a b@d.example", "?" },
	{ "v=DMARC1; rua=1x:y", "?" },
	{ "v=DMARC1; rua=x_y:z", "?" },
	{ "v=DMARC1; rua=:x", "?" },
	{ "v=DMARC1; rua=", "?" },
	{ "V=DMARC1; p=reject", "rrr" },
	{ " v=DMARC1; p=reject", "-" },
	{ "v=dmarc1; p=reject", "-" },
	{ "v=DMARC10; p=reject", "-" },
	{ "v=DMARC1 p=reject", "-" },
	{ "v=DMARC1, p=reject", "-" },
	{ "p=reject; v=DMARC1", "-" },
	{ "vv=DMARC1; p=reject", "-" },
	{ "v; p=reject", "-" },
	{ "", "-" },
	{ ";", "-" },
};

static void
understand(struct str *out, const struct dmarc_record *record)
{
	if (!record->is_usable) {
		str_add_byte(out, '?');
		return;
	}
	str_add(out, span_upto(dmarc_policy_word(record->own), 1));
	str_add(out, span_upto(dmarc_policy_word(record->below), 1));
	str_add(out, span_upto(dmarc_policy_word(record->nonexistent), 1));
	str_add_z(out, record->is_dkim_strict ? " dkim" : "");
	str_add_z(out, record->is_spf_strict ? " spf" : "");
	str_add_z(out, record->is_test ? " t" : "");
	str_add_z(out, record->suffix == DMARC_SUFFIX_YES ? " y" : "");
	str_add_z(out, record->suffix == DMARC_SUFFIX_NO ? " n" : "");
}

static void
test_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct span text = span_of(records[i].text);
		struct dmarc_record record;
		struct str out = STR_INIT;

		if (dmarcrecord_parse(text, &record))
			understand(&out, &record);
		else
			str_add_byte(&out, '-');
		if (strcmp(str_z(&out), records[i].understood) != 0)
			fail_msg("%s: %s", records[i].text, str_z(&out));
		str_free(&out);
	}
}

static void
test_milder(void **state)
{
	(void)state;
	assert_int_equal(dmarc_milder(DMARC_REJECT), DMARC_QUARANTINE);
	assert_int_equal(dmarc_milder(DMARC_QUARANTINE), DMARC_NONE);
	assert_int_equal(dmarc_milder(DMARC_NONE), DMARC_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_milder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
