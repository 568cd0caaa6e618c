/* sts_test.c - MTA-STS: records, policies, hosts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/sts.h"

static const struct {
	const char *text, *id; /* NULL: there is no policy */
} records[] = {
	{ "v=STSv1; id=20260101T000000;", "20260101T000000" },
	{ "v=STSv1;id=abc;", "abc" },
	{ "v=STSv1;", NULL },
	{ "v=STSv1; id=;", NULL },
	{ "v=STSv1; id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ "v=STSv1; id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	{ "v=STSv1; id=2026-01-01", NULL },
	{ "v=STSv2; id=5;", NULL },
	{ "id=5; v=STSv1;", NULL },
	{ "v=STSv1x; id=5;", NULL },
	{ "v=STSv1 ; id=5;", NULL },
	{ "v=STSv1; id=5", "5" },
	{ "v=STSv1;  	id=5 ;	", "5" },
	{ "v=STSv1; id=5; id=6;", "5" },
	{ "v=STSv1; ID=5;", NULL },
	{ "V=STSv1; id=5;", NULL },
	{ "v=STSv1; x=y; id=5; a_b-c.d=!;", "5" },
	{ "v=STSv1; id=5; junk", NULL },
	{ "v=STSv1; id=5;;", NULL },
	{ "v=STSv1; id=5; x=a=b", NULL },
	{ "v=STSv1; id=5 6", NULL },
	{ "v=STSv1; id=5; =x", NULL },
	{ "v=STSv1; id=5; x=", NULL },
	{ "v=STSv1; id=5; -x=y", NULL },
	{ "v=STSv1; id=5; aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=y", NULL },
	{ "", NULL },
	{ "v=STSv1;", NULL },
};

static const struct {
	const char *file;
	const char *mode; /* NULL: it is no policy */
	const char *hosts;
	uint64_t max_age;
} policies[] = {
	{ "version: STSv1\r\n"
	  "mode: enforce\r\n"
	  "mx: mail.d.example\r\n"
	  "mx: *.d.example\r\n"
	  "mx: backup.other.example\r\n"
	  "max_age: 604800\r\n",
	    "enforce", "mail.d.example *.d.example backup.other.example ",
	    604800 },
	{ "version: STSv1\n"
	  "mode: testing\n"
	  "mx: mail.d.example\n"
	  "max_age: 86400\n",
	    "testing", "mail.d.example ", 86400 },
	{ "version: STSv1\r\n"
	  "mode: enforce\r\n"
	  "max_age: 86400\r\n",
	    NULL, NULL, 0 },
	{ "version: STSv2\r\n"
	  "mode: enforce\r\n"
	  "mx: a.example\r\n"
	  "max_age: 86400\r\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\r\n"
	  "mode: strict\r\n"
	  "mx: a.example\r\n"
	  "max_age: 86400\r\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\r\n"
	  "mode: enforce\r\n"
	  "mx: a.example\r\n"
	  "max_age: 31557600\r\n",
	    "enforce", "a.example ", 31557600 },
	{ "version: STSv1\r\n"
	  "mode: enforce\r\n"
	  "mx: a.example\r\n"
	  "max_age: 99999999999\r\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\r\n"
	  "mode: enforce\r\n"
	  "mx: a.example\r\n"
	  "max_age: 86400\r\n"
	  "note: hello\r\n",
	    "enforce", "a.example ", 86400 },
	{ "<html><body>not found</body></html>", NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: none\n"
	  "max_age: 0\n",
	    "none", "", 0 },
	{ "version: STSv1\n"
	  "mode: none\n"
	  "max_age: 5",
	    "none", "", 5 },
	{ "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: A.Example\n"
	  "version: STSv1\n",
	    "enforce", "a.example ", 5 },
	{ "version: STSv1\n"
	  "mode: testing\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "max_age: 6\n"
	  "version: STSv9\n"
	  "mx: a.example\n",
	    "testing", "a.example ", 5 },
	{ "version: STSv1\n"
	  "mode: Enforce\n"
	  "max_age: 5\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode:enforce\n"
	  "max_age:	5 	\r\n"
	  "mx:a.example\n"
	  "\n"
	  "\r\n",
	    "enforce", "a.example ", 5 },
	{ "version: STSv1\n"
	  "mode : enforce\n"
	  "max_age: 5\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  " mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 31557601\n"
	  "mx: a.example\n",
	    "enforce", "a.example ", 31557600 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 9999999999\n"
	  "mx: a.example\n",
	    "enforce", "a.example ", 31557600 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: -1\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 1d\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age:\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "max_age: 5\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: *.\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: *\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: *.*.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a.*.example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a..example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: .example\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a.example.\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a b\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a.example\n"
	  "mx:\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a.example\n"
	  "junk\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a.example\n"
	  ": x\n",
	    NULL, NULL, 0 },
	{ "version: STSv1\n"
	  "mode: enforce\n"
	  "max_age: 5\n"
	  "mx: a.example\n"
	  "x.y: \303\251t\303\251 = : ;\n",
	    "enforce", "a.example ", 5 },
	{ "version: STSv1\n"
	  "mode: enforce\rmax_age: 5\rmx: a.example\r",
	    NULL, NULL, 0 },
	{ "", NULL, NULL, 0 },
};

static const struct {
	struct span hosts;
	const char *host;
	bool matches;
} matches[] = {
	{ SPAN("mail.d.example\0"), "mail.d.example", true },
	{ SPAN("mail.d.example\0"), "mail.d.example.", true },
	{ SPAN("*.d.example\0"), "d.example", false },
	{ SPAN("a.example\0"), "b.example", false },
	{ SPAN("d.example\0"), "mx.d.example", false },
	{ SPAN("*.d.example\0"), "mx.d.example", true },
	{ SPAN("*.d.example\0"), "MX.D.example.", true },
	{ SPAN("*.d.example\0"), "a.mx.d.example", false },
	{ SPAN("*.d.example\0"), ".d.example", false },
	{ SPAN("*.d.example\0"), "*.d.example", true },
	{ SPAN("a.example\0*.d.example\0"), "x.d.example", true },
	{ SPAN("*.d.example\0"), "mxd.example", false },
	{ SPAN(""), "a.example", false },
	{ SPAN("a.example\0"), "", false },
	{ SPAN("a.example\0"), "a.example..", false },
	{ SPAN("a.exampl\0"), "a.example", false },
	{ SPAN("*.example\0"), "example", false },
};

static void
test_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct span id = SPAN("");

		if (sts_record_parse(span_of(records[i].text), &id) !=
		    (records[i].id != NULL))
			fail_msg("%s", records[i].text);
		assert_true(
		    span_equal(id, span_of(records[i].id)) || !records[i].id);
	}
	assert_true(sts_is_record(SPAN("v=STSv1;")));
	assert_false(sts_is_record(SPAN("v=STSv1")));
	assert_false(sts_is_record(SPAN("v=spf1 -all")));
}

static void
test_policies(void **state)
{
	struct sts_policy policy = STS_POLICY_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		bool is_policy =
		    sts_policy_parse(span_of(policies[i].file), &policy);

		if (is_policy != (policies[i].mode != NULL))
			fail_msg("%s", policies[i].file);
		if (!is_policy)
			continue;
		assert_true(span_equal(
		    sts_mode_word(policy.mode), span_of(policies[i].mode)));
		assert_int_equal(policy.max_age, policies[i].max_age);
		assert_int_equal(policy.hosts.len, strlen(policies[i].hosts));
		for (size_t n = 0; n < policy.hosts.len; n++)
			assert_int_equal(policy.hosts.s[n],
			    policies[i].hosts[n] == ' ' ? 0
							: policies[i].hosts[n]);
	}
	sts_policy_free(&policy);
}

/* A file may have so many bytes, a pattern so many, and none may be NUL. */
static void
test_limits(void **state)
{
	static const char start[] =
	    "version: STSv1\nmode: enforce\nmax_age: 5\nmx: ";
	struct sts_policy policy = STS_POLICY_INIT;
	struct str file = STR_INIT;

	(void)state;
	str_add_z(&file, start);
	while (file.len < sizeof(start) - 1 + STS_HOST_MAX)
		str_add_byte(&file, 'a');
	assert_true(sts_policy_parse(str_span(&file), &policy));
	str_add_byte(&file, 'a');
	assert_false(sts_policy_parse(str_span(&file), &policy));
	str_cut(&file, file.len - 1);
	str_add_z(&file, "\nx: ");
	while (file.len < STS_POLICY_MAX)
		str_add_byte(&file, 'a');
	assert_true(sts_policy_parse(str_span(&file), &policy));
	str_add_byte(&file, 'a');
	assert_false(sts_policy_parse(str_span(&file), &policy));
	str_cut(&file, STS_POLICY_MAX);
	file.s[STS_POLICY_MAX - 1] = '\0';
	assert_false(sts_policy_parse(str_span(&file), &policy));
	str_free(&file);
	sts_policy_free(&policy);
}

static void
test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++)
		if (sts_matches(matches[i].hosts, span_of(matches[i].host)) !=
		    matches[i].matches)
			fail_msg("%s", matches[i].host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
