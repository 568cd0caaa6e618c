/* shadow_test.c - passwords and until when they count. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sys/shadow.h"

#define TODAY 20000

static const struct {
	struct shadow_times times; /* last change, max, inactive, expires */
	bool is_current;
} cases[] = {
	{ { -1, -1, -1, -1 }, true },
	{ { 19000, 99999, -1, -1 }, true },
	{ { 19000, -1, -1, -1 }, true },
	{ { -1, 10, -1, -1 }, true },
	{ { 0, 99999, -1, -1 }, false }, /* to be changed first */
	{ { 19990, 10, -1, -1 }, true },
	{ { 19989, 10, -1, -1 }, false },
	{ { 19989, 10, 0, -1 }, false },
	{ { 19989, 10, 1, -1 }, true },
	{ { 19988, 10, 1, -1 }, false },
	{ { 19000, 99999, -1, TODAY + 1 }, true },
	{ { 19000, 99999, -1, TODAY }, false },
	{ { 19000, 99999, -1, 0 }, false },
	{ { 19989, 10, 99, TODAY }, false },
};

static void
test_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(shadow_is_current(&cases[i].times, TODAY),
		    cases[i].is_current);
}

static void
test_check(void **state)
{
	static const char hash[] =
	    "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0"
	    "S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";
	char locked[sizeof(hash) + 1] = "!";

	(void)state;
	assert_true(shadow_check("secret", hash));
	assert_false(shadow_check("Secret", hash));
	assert_false(shadow_check("secret ", hash));
	assert_false(shadow_check("", hash));
	for (size_t i = 0; i < sizeof(hash); i++)
		locked[i + 1] = hash[i];
	assert_false(shadow_check("secret", locked));
	assert_false(shadow_check("", ""));
	assert_false(shadow_check("secret", ""));
	assert_false(shadow_check("x", "x"));
	assert_false(shadow_check("*", "*"));
	assert_false(shadow_check("*0", "*0"));
	assert_false(shadow_check("secret", "no kind of hash that is known"));
	assert_false(shadow_check("secret", "$9$nothing$of$the$kind$$$$$"));
}

static void
test_find(void **state)
{
	struct str hash = STR_INIT;
	bool is_current = false;

	(void)state;
	/* Nobody of that name; where shadow(5) may not be read, trouble. */
	if (shadow_find("no-such-user-here", "hash", 0, &hash, &is_current) < 0)
		return;
	assert_string_equal(str_z(&hash), "hash");
	assert_true(is_current);
	str_free(&hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
