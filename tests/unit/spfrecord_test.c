/* spfrecord_test.c - SPF records. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "net/spfrecord.h"

/* A record as text again: what was understood of it.  NULL: nothing. */
static const struct {
	const char *record, *understood;
} records[] = {
	{ "v=spf1", "" },
	{ "V=SpF1 ", "" },
	{ "v=spf10", NULL },
	{ "v=spf1\tall", NULL },
	{ " v=spf1", NULL },
	{ "v=spf", NULL },
	{ "v=spf1 all", "pass:all" },
	{ "v=spf1   -aLL  ", "fail:all" },
	{ "v=spf1 ~all ?all +all", "softfail:all neutral:all pass:all" },
	{ "v=spf1all", NULL },
	{ "v=spf1 all:", NULL },
	{ "v=spf1 all:x.example", NULL },
	{ "v=spf1 all.", NULL },
	{ "v=spf1 all/8", NULL },
	{ "v=spf1 -", NULL },
	{ "v=spf1 --all", NULL },
	{ "v=spf1 moo", NULL },
	{ "v=spf1 a2", NULL },
	{ "v=spf1 a\ta", NULL },
	{ "v=spf1 a\n", NULL },
	{ "v=spf1 a:\xc3\xa4.example", NULL },
	{ "v=spf1 a", "pass:a/32//128" },
	{ "v=spf1 -a/24", "fail:a/24//128" },
	{ "v=spf1 a//64", "pass:a/32//64" },
	{ "v=spf1 a/0//0", "pass:a/0//0" },
	{ "v=spf1 a:x.example/24//64", "pass:a:x.example/24//64" },
	{ "v=spf1 a:%{d}/24", "pass:a:%{d}/24//128" },
	{ "v=spf1 a:x/y.example", "pass:a:x/y.example/32//128" },
	{ "v=spf1 a:%{l/}", "pass:a:%{l/}/32//128" },
	{ "v=spf1 a/32//128", "pass:a/32//128" },
	{ "v=spf1 a/33", NULL },
	{ "v=spf1 a//129", NULL },
	{ "v=spf1 a/024", NULL },
	{ "v=spf1 a//064", NULL },
	{ "v=spf1 a/", NULL },
	{ "v=spf1 a//", NULL },
	{ "v=spf1 a/24/24", NULL },
	{ "v=spf1 a///24", NULL },
	{ "v=spf1 a/99999999999999999999", NULL },
	{ "v=spf1 a:", NULL },
	{ "v=spf1 a:/24", NULL },
	{ "v=spf1 a:example", NULL },
	{ "v=spf1 a:x.example:25", NULL },
	{ "v=spf1 a:192.0.2.1", NULL },
	{ "v=spf1 mx:x.example", "pass:mx:x.example/32//128" },
	{ "v=spf1 MX/8", "pass:mx/8//128" },
	{ "v=spf1 ptr", "pass:ptr" },
	{ "v=spf1 ptr:x.example", "pass:ptr:x.example" },
	{ "v=spf1 ptr:", NULL },
	{ "v=spf1 ptr/24", NULL },
	{ "v=spf1 include:x.example", "pass:include:x.example" },
	{ "v=spf1 include", NULL },
	{ "v=spf1 include:x.example/24", NULL },
	{ "v=spf1 exists:%{i}.x.example", "pass:exists:%{i}.x.example" },
	{ "v=spf1 exists", NULL },
	{ "v=spf1 ip4:192.0.2.0/24", "pass:ip4:192.0.2.0/24" },
	{ "v=spf1 ip4:192.0.2.1", "pass:ip4:192.0.2.1/32" },
	{ "v=spf1 ip4:0.0.0.0/0", "pass:ip4:0.0.0.0/0" },
	{ "v=spf1 ip4:192.0.2.1/33", NULL },
	{ "v=spf1 ip4:192.0.2.1//32", NULL },
	{ "v=spf1 ip4:192.0.2", NULL },
	{ "v=spf1 ip4:192.0.2.01", NULL },
	{ "v=spf1 ip4:192.0.2.256", NULL },
	{ "v=spf1 ip4:2001:db8::1", NULL },
	{ "v=spf1 ip4:::ffff:192.0.2.1", NULL },
	{ "v=spf1 ip4", NULL },
	{ "v=spf1 ip4:", NULL },
	{ "v=spf1 ip6:2001:DB8::/32", "pass:ip6:2001:db8::/32" },
	{ "v=spf1 ip6:::1", "pass:ip6:::1/128" },
	{ "v=spf1 ip6:::1/129", NULL },
	{ "v=spf1 ip6:192.0.2.1", NULL },
	{ "v=spf1 ip6:2001:db8:::1", NULL },
	{ "v=spf1 redirect=x.example a", "pass:a/32//128 redirect=x.example" },
	{ "v=spf1 Redirect=x.example", "redirect=x.example" },
	{ "v=spf1 redirect=x.example redirect=x.example", NULL },
	{ "v=spf1 redirect=", NULL },
	{ "v=spf1 redirect:x.example", NULL },
	{ "v=spf1 -redirect=x.example", NULL },
	{ "v=spf1 redirect=x.example/24", NULL },
	{ "v=spf1 exp=x.example -all", "fail:all exp=x.example" },
	{ "v=spf1 exp=x.example exp=y.example", NULL },
	{ "v=spf1 exp=", NULL },
	{ "v=spf1 exp=%{c}.example", NULL },
	{ "v=spf1 x-1.y_=", "" },
	{ "v=spf1 moo=%{c}/%%", "" },
	{ "v=spf1 moo=%{x}", NULL },
	{ "v=spf1 moo=%", NULL },
	{ "v=spf1 =x", NULL },
	{ "v=spf1 1x=y", NULL },
	{ "v=spf1 x$=y", NULL },
	{ "v=spf1 all a:bad", NULL },
};

static void
add_length(struct str *out, const char *before, unsigned bits)
{
	str_add_z(out, before);
	str_add_u64(out, bits);
}

static void
add_directive(struct str *out, const struct spf_directive *directive)
{
	static const char *const names[] = { "all", "include", "a", "mx", "ptr",
		"ip4", "ip6", "exists" };

	if (out->len)
		str_add_byte(out, ' ');
	str_add(out, spf_result_word(directive->result));
	str_add_byte(out, ':');
	str_add_z(out, names[directive->mechanism]);
	if (directive->domain.len)
		str_add_byte(out, ':');
	str_add(out, directive->domain);
	switch (directive->mechanism) {
	case SPF_A:
	case SPF_MX:
		add_length(out, "/", directive->bits4);
		add_length(out, "//", directive->bits6);
		break;
	case SPF_IP4:
		str_add_byte(out, ':');
		ip_format(out, &directive->network);
		add_length(out, "/", directive->bits4);
		break;
	case SPF_IP6:
		str_add_byte(out, ':');
		ip_format(out, &directive->network);
		add_length(out, "/", directive->bits6);
		break;
	default:
		break;
	}
}

static void
add_modifier(struct str *out, const char *name, struct span value)
{
	if (value.len == 0)
		return;
	if (out->len)
		str_add_byte(out, ' ');
	str_add_z(out, name);
	str_add(out, value);
}

static void
test_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct spf_directive directive;
		struct spf_record record;
		struct str out = STR_INIT;
		bool is_sound =
		    spfrecord_parse(span_of(records[i].record), &record);

		if (is_sound != (records[i].understood != NULL))
			fail_msg("%s", records[i].record);
		while (is_sound && spfrecord_next(&record.terms, &directive))
			add_directive(&out, &directive);
		if (is_sound) {
			add_modifier(&out, "redirect=", record.redirect);
			add_modifier(&out, "exp=", record.explanation);
			assert_string_equal(str_z(&out), records[i].understood);
		}
		str_free(&out);
	}
}

static void
test_words(void **state)
{
	(void)state;
	assert_true(span_equal(spf_result_word(SPF_NONE), SPAN("none")));
	assert_true(
	    span_equal(spf_result_word(SPF_TEMPERROR), SPAN("temperror")));
	assert_true(
	    span_equal(spf_result_word(SPF_PERMERROR), SPAN("permerror")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
