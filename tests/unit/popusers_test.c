/* popusers_test.c - lines of users/pop, and the records made of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/popusers.h"

static const struct {
	const char *line;
	const char *hash, *plain, *home; /* hash NULL: refused */
} lines[] = {
	{ "joe:$6$x:2001:2002:Joe:/home/joe:/bin/sh", "$6$x", "", "/home/joe" },
	{ "joe:$6$x:2001:2002::/home/joe", "$6$x", "", "/home/joe" },
	{ "Joe@x.example:{CRYPT}$y$x:2001:2002::/h", "$y$x", "", "/h" },
	{ "joe:{crypt}$y$x:2001:2002::/h:", "$y$x", "", "/h" },
	{ "joe:{PLAIN}pa ss:2001:2002::/h", "", "pa ss", "/h" },
	{ "joe:*:2001:2002::/h", "*", "", "/h" },
	{ "joe:x:2001:0::/h", "x", "", "/h" },
	{ "", NULL, NULL, NULL },
	{ "joe", NULL, NULL, NULL },
	{ ":x:2001:2002::/h", NULL, NULL, NULL },
	{ "joe::2001:2002::/h", NULL, NULL, NULL },
	{ "joe:{PLAIN}:2001:2002::/h", NULL, NULL, NULL },
	{ "joe:{CRYPT}:2001:2002::/h", NULL, NULL, NULL },
	{ "joe:{MD5}x:2001:2002::/h", NULL, NULL, NULL },
	{ "joe:{CRYPT}{MD5}x:2001:2002::/h", NULL, NULL, NULL },
	{ "joe:x:0:2002::/h", NULL, NULL, NULL },
	{ "joe:x:00:2002::/h", NULL, NULL, NULL },
	{ "joe:x:-1:2002::/h", NULL, NULL, NULL },
	{ "joe:x:4294967295:2002::/h", NULL, NULL, NULL },
	{ "joe:x:4294967296:2002::/h", NULL, NULL, NULL },
	{ "joe:x::2002::/h", NULL, NULL, NULL },
	{ "joe:x:2001:y::/h", NULL, NULL, NULL },
	{ "joe:x:2001:4294967296::/h", NULL, NULL, NULL },
	{ "joe:x:2001:2002::h", NULL, NULL, NULL },
	{ "joe:x:2001:2002::", NULL, NULL, NULL },
	{ "joe:x:2001:2002", NULL, NULL, NULL },
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct str record = STR_INIT;
		struct popuser user, again;
		const char *fault =
		    popuser_parse_line(span_of(lines[i].line), &user);

		assert_int_equal(fault == NULL, lines[i].hash != NULL);
		if (fault)
			continue;
		assert_true(span_equal(user.hash, span_of(lines[i].hash)));
		assert_true(span_equal(user.plain, span_of(lines[i].plain)));
		assert_true(span_equal(user.home, span_of(lines[i].home)));
		assert_int_equal(user.uid, 2001);
		popuser_format(&user, &record);
		assert_true(popuser_parse(str_span(&record), &again));
		assert_true(span_equal(user.hash, again.hash));
		assert_true(span_equal(user.plain, again.plain));
		assert_true(span_equal(user.home, again.home));
		assert_int_equal(user.uid, again.uid);
		assert_int_equal(user.gid, again.gid);
		str_free(&record);
	}
}

static void
test_records(void **state)
{
	static const struct span broken[] = { { "", 0 }, { "\0", 1 },
		{ "x\0002001\0002002\0/h", 14 }, /* no NUL at the end */
		{ "x\0002001\0002002\0", 12 }, { "x\0002001\0002002\0h\0", 14 },
		{ "x\000"
		  "0\0002002\0/h\0",
		    12 }, /* root */
		{ "x\000"
		  "a\0002002\0/h\0",
		    12 },
		{ "\0002001\0002002\0/h\0", 14 }, /* no password */
		{ "x\0002001\0002002\0/h\0y\0", 17 } };
	struct popuser user;

	(void)state;
	assert_true(popuser_parse(SPAN("x\0002001\0002002\0/h\0"), &user));
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		assert_false(popuser_parse(broken[i], &user));
}

static void
test_name_limit(void **state)
{
	struct str line = STR_INIT, key = STR_INIT;
	struct popuser user;

	(void)state;
	while (line.len < POPUSERS_NAME_MAX)
		str_add_byte(&line, 'N');
	str_add_z(&line, ":x:1:1::/h");
	assert_null(popuser_parse_line(str_span(&line), &user));
	popuser_add_key(&key, user.name);
	assert_int_equal(key.len, POPUSERS_NAME_MAX);
	assert_int_equal(key.s[0], 'n');
	str_free(&line);
	str_free(&key);
	while (line.len <= POPUSERS_NAME_MAX)
		str_add_byte(&line, 'N');
	str_add_z(&line, ":x:1:1::/h");
	assert_non_null(popuser_parse_line(str_span(&line), &user));
	assert_non_null(popuser_parse_line(SPAN("a\0:x:1:1::/h"), &user));
	str_free(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_name_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
