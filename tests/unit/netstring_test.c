/* netstring_test.c - netstrings, also inside of others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/netstring.h"
#include "sys/fd.h"

/* An input that holds these bytes, and ends. */
static int
give(struct span bytes)
{
	int ends[2];

	assert_int_equal(fd_pipe(ends), 0);
	assert_int_equal(fd_write_all(ends[1], bytes), 0);
	fd_close(ends[1]);
	return ends[0];
}

static void
test_read(void **state)
{
	static const struct {
		const char *input;
		uint64_t left;
		int result, number;
		const char *bytes;
		uint64_t still_left;
	} cases[] = {
		{ "0:,", UINT64_MAX, 1, 0, "", UINT64_MAX },
		{ "5:hello,", UINT64_MAX, 1, 0, "hello", UINT64_MAX },
		{ "5:hello,rest", 8, 1, 0, "hello", 0 },
		{ "", UINT64_MAX, 0, 0, "", 0 },
		{ "5:hello,", 0, 0, 0, "", 0 },
		{ "5", UINT64_MAX, -1, EPROTO, "", 0 },
		{ "5:hell", UINT64_MAX, -1, EPROTO, "", 0 },
		{ "5:hello", UINT64_MAX, -1, EPROTO, "", 0 },
		{ "5:hello;", UINT64_MAX, -1, EBADMSG, "", 0 },
		{ ":,", UINT64_MAX, -1, EBADMSG, "", 0 },
		{ " 5:hello,", UINT64_MAX, -1, EBADMSG, "", 0 },
		{ "-5:hello,", UINT64_MAX, -1, EBADMSG, "", 0 },
		{ "5x:hello,", UINT64_MAX, -1, EBADMSG, "", 0 },
		{ "05:hello,", UINT64_MAX, -1, EBADMSG, "", 0 },
		{ "00:,", UINT64_MAX, -1, EBADMSG, "", 0 },
		{ "101:", UINT64_MAX, -1, EMSGSIZE, "", 0 },
		{ "1000:", UINT64_MAX, -1, EMSGSIZE, "", 0 },
		{ "99999999999999999999:", UINT64_MAX, -1, EMSGSIZE, "", 0 },
		{ "18446744073709551621:hello,", UINT64_MAX, -1, EMSGSIZE, "",
		    0 },
		/* It does not fit into the outer one. */
		{ "5:hello,", 7, -1, EBADMSG, "", 0 },
		{ "5:hello,", 6, -1, EBADMSG, "", 0 },
		{ "5:hello,", 1, -1, EBADMSG, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = give(span_of(cases[i].input));
		struct str bytes = STR_INIT;
		char buffer[3];
		struct in in;
		struct netstring outer = { &in, cases[i].left };

		in_init(&in, fd, buffer, sizeof(buffer));
		errno = 0;
		assert_int_equal(
		    netstring_read(&outer, 100, &bytes), cases[i].result);
		assert_int_equal(errno, cases[i].number);
		if (cases[i].result > 0) {
			assert_string_equal(str_z(&bytes), cases[i].bytes);
			assert_int_equal(outer.left, cases[i].still_left);
		}
		str_free(&bytes);
		fd_close(fd);
	}
}

static void
test_longest(void **state)
{
	int fd = give(SPAN("100:"));
	uint64_t length;
	char buffer[10];
	struct in in;
	struct netstring outer = { &in, UINT64_MAX };

	(void)state;
	in_init(&in, fd, buffer, sizeof(buffer));
	assert_int_equal(netstring_read_length(&outer, 100, &length), 1);
	assert_int_equal(length, 100);
	fd_close(fd);
}

static void
test_add(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	netstring_add(&text, SPAN("hello"));
	netstring_add(&text, SPAN(""));
	netstring_add_length(&text, 1234567);
	assert_string_equal(str_z(&text), "5:hello,0:,1234567:");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
