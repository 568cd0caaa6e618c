/* hostrules_test.c - how hosts are completed and changed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/hostrules.h"

static void
apply(const char *rules, const char *host, const char *wanted)
{
	struct str result = STR_INIT;

	str_add_z(&result, host);
	hostrules_apply(span_of(rules), &result);
	assert_string_equal(str_z(&result), wanted);
	str_free(&result);
}

static void
test_rules(void **state)
{
	(void)state;
	apply("=q:r\n=r:s.x\n=s.x:t.x\n", "q", "t.x");
	apply("=s.x:t.x\n=r:s.x\n", "r", "s.x");
	apply("=Q:r\n", "q", "r");
	apply("=q:r\n", "aq", "aq");
	apply("*.b:.b.b\n", "a.b", "a.b.b");
	apply("-.local:hub.x\n", "h.LOCAL", "hub.x");
	apply("?:.d\n", "h", "h.d");
	apply("?:.d\n", "h.x", "h.x");
	apply("?:.d\n", "[1]", "[1]");
	apply("?+:.d\n", "a.b+", "a.b+");
	apply("?+:.d\n", "a+", "a.d");
	apply("# c\n\nfoo\n:x\n=\n=x\n", "x", "x");
	apply("=:d\n", "", "d");
	apply("*:x\n", "", "x");
	apply("*longer:x\n", "er", "er");
}

static void
test_defaults(void **state)
{
	struct str rules = STR_INIT;

	(void)state;
	hostrules_add_defaults(&rules, SPAN("dh"), SPAN("p.x"), SPAN("d.x"));
	apply(str_z(&rules), "", "dh.d.x");
	apply(str_z(&rules), "h", "h.d.x");
	apply(str_z(&rules), "h+", "h.p.x");
	apply(str_z(&rules), "h.x.", "h.x");
	apply(str_z(&rules), "[1.2.3.4]", "[1.2.3.4]");
	str_free(&rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
