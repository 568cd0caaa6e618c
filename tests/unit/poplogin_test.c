/* poplogin_test.c - what comes on descriptor 3, and APOP. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/poplogin.h"

static void
test_parse(void **state)
{
	struct poplogin login;

	(void)state;
	assert_true(poplogin_parse(SPAN("joe\0secret\0<1@h>\0more"), &login));
	assert_true(span_equal(login.name, SPAN("joe")));
	assert_true(span_equal(login.password, SPAN("secret")));
	assert_true(span_equal(login.timestamp, SPAN("<1@h>")));
	assert_true(poplogin_parse(SPAN("joe\0secret\0"), &login));
	assert_int_equal(login.timestamp.len, 0);
	assert_true(poplogin_parse(SPAN("joe\0secret\0<1@h>"), &login));
	assert_true(span_equal(login.timestamp, SPAN("<1@h>")));
	assert_true(poplogin_parse(SPAN("\0\0"), &login));
	assert_int_equal(login.name.len + login.password.len, 0);
	assert_false(poplogin_parse(SPAN("joe\0secret"), &login));
	assert_false(poplogin_parse(SPAN("joe\0"), &login));
	assert_false(poplogin_parse(SPAN("joe"), &login));
	assert_false(poplogin_parse(SPAN(""), &login));
}

static bool
is_plain(const char *password, const char *timestamp, const char *plain)
{
	struct poplogin login = { .password = span_of(password),
		.timestamp = span_of(timestamp) };

	return poplogin_is_plain(&login, span_of(plain));
}

/* The digest is the example of RFC 1939 7. */
static void
test_plain(void **state)
{
	const char *stamp = "<1896.697170952@dbc.mtview.ca.us>";
	const char *digest = "c4c9334bac560ecc979e58001b3e22fb";

	(void)state;
	assert_true(is_plain("tanstaaf", stamp, "tanstaaf"));
	assert_true(is_plain("tanstaaf", "", "tanstaaf"));
	assert_true(is_plain(digest, stamp, "tanstaaf"));
	assert_false(is_plain("Tanstaaf", stamp, "tanstaaf"));
	assert_false(is_plain("tanstaa", stamp, "tanstaaf"));
	assert_false(is_plain("", stamp, "tanstaaf"));
	assert_false(is_plain(digest, "<2@x>", "tanstaaf"));
	assert_false(is_plain(digest, stamp, "tanstaa"));
	/* Without a timestamp anybody who knows the digest could come. */
	assert_false(is_plain("1b3231655cebb7a1f783eddf27d254ca", "", "super"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
