/* maildirname_test.c - what names in a Maildir tell. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/maildirname.h"

#define NONE (-1)

static const struct {
	const char *name;
	size_t base_len;
	int64_t seconds, octets; /* NONE: not told */
} cases[] = {
	{ "", 0, NONE, NONE },
	{ "x", 1, NONE, NONE },
	{ ":2,S", 0, NONE, NONE },
	{ "1700000000", 10, NONE, NONE },
	{ "1700000000.", 11, 1700000000, NONE },
	{ ".1", 2, NONE, NONE },
	{ "-1.a", 4, NONE, NONE },
	{ "4294967295.a", 12, 4294967295, NONE },
	{ "4294967296.a", 12, NONE, NONE },
	{ "99999999999999999999999.a", 25, NONE, NONE },
	{ "1.M2P3.host:2,FS", 11, 1, NONE },
	{ "1.a,S=10,W=12:2,S", 13, 1, 12 },
	{ "1.a,W=12,S=10", 13, 1, 12 },
	{ "1.a,S=10,W=20", 13, 1, 20 },
	{ "1.a,S=0,W=0", 11, 1, 0 },
	{ "x,S=10,W=12", 11, NONE, 12 },
	/* not both, or not of one file */
	{ "1.a,S=10", 8, 1, NONE },
	{ "1.a,W=10", 8, 1, NONE },
	{ "1.a,S=10,W=9", 12, 1, NONE },
	{ "1.a,S=10,W=21", 13, 1, NONE },
	{ "1.a,S=10:2,W=12", 8, 1, NONE },
	{ "1.a,S=10,W=12x", 14, 1, NONE },
	{ "1.a,S=10,W=", 11, 1, NONE },
	{ "1.a,S=,W=", 9, 1, NONE },
	{ "1.a,s=10,w=12", 13, 1, NONE },
	{ "1.aS=10,W=12", 12, 1, NONE },
	{ "S=10,W=12", 9, NONE, NONE },
	/* further fields, and the last of a kind */
	{ "1.a,V3,S=10,Q,W=12,X", 20, 1, 12 },
	{ "1.a,S=1,W=2,S=10,W=12", 21, 1, 12 },
	/* limits */
	{ "1.a,S=70368744177664,W=70368744177664", 37, 1, 70368744177664 },
	{ "1.a,S=70368744177665,W=70368744177665", 37, 1, NONE },
	{ "1.a,S=18446744073709551617,W=18446744073709551617", 49, 1, NONE },
};

static void
test_names(void **state)
{
	struct maildirname name;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		maildirname_parse(span_of(cases[i].name), &name);
		assert_ptr_equal(name.base.s, cases[i].name);
		assert_int_equal(name.base.len, cases[i].base_len);
		assert_int_equal(
		    name.has_seconds ? name.seconds : NONE, cases[i].seconds);
		assert_int_equal(name.has_octets ? (int64_t)name.octets : NONE,
		    cases[i].octets);
	}
}

static void
test_fresh(void **state)
{
	(void)state;
	assert_false(maildirname_is_fresh(99, 100));
	assert_true(maildirname_is_fresh(100, 100));
	assert_true(maildirname_is_fresh(160, 100));
	assert_false(maildirname_is_fresh(161, 100));
}

static void
test_sizes_and_flags(void **state)
{
	uint64_t size = 0;

	(void)state;
	assert_true(maildirname_find_size(SPAN("1.a.h,S=12,W=13:2,S"), &size));
	assert_int_equal(size, 12);
	assert_false(maildirname_find_size(SPAN("1.a.h:2,S=12"), &size));
	assert_false(maildirname_find_size(SPAN("1.a.h,S=x"), &size));
	assert_true(maildirname_has_flag(SPAN("1.a.h:2,ST"), 'T'));
	assert_false(maildirname_has_flag(SPAN("1.T.h:2,S"), 'T'));
	assert_false(maildirname_has_flag(SPAN("1.a.h:1,T"), 'T'));
	assert_false(maildirname_has_flag(SPAN("1.a.h"), 'T'));
}

static void
test_made(void **state)
{
	struct maildirname_sizes sizes = MAILDIRNAME_SIZES_INIT;
	struct str name = STR_INIT;

	(void)state;
	maildirname_add_unique(&name, 1700000000000007, 8, 9, "a/b:c");
	maildirname_count(&sizes, SPAN("x\r"));
	maildirname_count(&sizes, SPAN("\ny\n\n"));
	maildirname_add_sizes(&name, &sizes);
	assert_string_equal(
	    str_z(&name), "1700000000.M7P8Q9.a\\057b\\072c,S=6,W=8");
	maildirname_count(&sizes, SPAN("z"));
	str_reset(&name);
	maildirname_add_sizes(&name, &sizes);
	assert_string_equal(str_z(&name), ",S=7");
	str_free(&name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_sizes_and_flags),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
