/* channel_test.c - local/N and remote/N, whole and damaged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "queue_files.h"

#include "queue/channel.h"
#include "queue/replace.h"

static void
test_read_and_mark(void **state)
{
	struct channel_reader reader;
	struct str address = STR_INIT;
	uint64_t position, total, open;
	bool is_done;
	int fd;

	(void)state;
	put("local", SPAN("Ta@b\0Dc@d\0T\0"));
	fd = channel_open(CHANNEL_LOCAL, NUMBER, 23);
	assert_true(fd >= 0);
	assert_int_equal(channel_read_from(&reader, fd, 0), 0);
	assert_int_equal(
	    channel_next(&reader, &position, &is_done, &address), 1);
	assert_int_equal(position, 0);
	assert_false(is_done);
	assert_string_equal(str_z(&address), "a@b");
	assert_int_equal(
	    channel_next(&reader, &position, &is_done, &address), 1);
	assert_int_equal(position, 5);
	assert_true(is_done);
	assert_int_equal(
	    channel_next(&reader, &position, &is_done, &address), 1);
	assert_int_equal(position, 10);
	assert_int_equal(address.len, 0);
	assert_int_equal(
	    channel_next(&reader, &position, &is_done, &address), 0);
	assert_int_equal(
	    channel_count(CHANNEL_LOCAL, NUMBER, 23, &total, &open), 1);
	assert_int_equal(total, 3);
	assert_int_equal(open, 2);
	assert_int_equal(channel_mark_done(fd, 10), 0);
	assert_int_equal(
	    channel_count(CHANNEL_LOCAL, NUMBER, 23, &total, &open), 1);
	assert_int_equal(open, 1);
	/* From a place that was found before. */
	assert_int_equal(channel_read_from(&reader, fd, 5), 0);
	assert_int_equal(
	    channel_next(&reader, &position, &is_done, &address), 1);
	assert_int_equal(position, 5);
	assert_string_equal(str_z(&address), "c@d");
	str_free(&address);
	close(fd);
}

static void
test_damage(void **state)
{
	static const struct span damaged[] = {
		{ "Ta", 2 }, /* cut */
		{ "T", 1 },
		{ "\0\0\0\0", 4 },
		{ "Xa\0", 3 },
		{ "Ta\0\0", 4 },
	};
	uint64_t total, open;
	struct str big = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		put("remote", damaged[i]);
		assert_int_equal(
		    channel_count(CHANNEL_REMOTE, NUMBER, 23, &total, &open),
		    -1);
		assert_int_equal(errno, EBADMSG);
	}
	str_add_byte(&big, 'T');
	for (int i = 0; i < CHANNEL_ADDRESS_MAX; i++)
		str_add_byte(&big, 'x');
	str_add_byte(&big, '\0');
	put("remote", str_span(&big));
	assert_int_equal(
	    channel_count(CHANNEL_REMOTE, NUMBER, 23, &total, &open), 1);
	str_cut(&big, big.len - 1);
	str_add_z(&big, "x");
	str_add_byte(&big, '\0');
	put("remote", str_span(&big));
	assert_int_equal(
	    channel_count(CHANNEL_REMOTE, NUMBER, 23, &total, &open), -1);
	assert_int_equal(errno, EBADMSG);
	put("remote", missing);
	assert_int_equal(
	    channel_count(CHANNEL_REMOTE, NUMBER, 23, &total, &open), 0);
	/* What is no answer about the file is none about the message. */
	put("remote", SPAN("Ta\0"));
	if (geteuid() != 0) {
		assert_int_equal(chmod("remote/0/46", 0), 0);
		assert_int_equal(
		    channel_count(CHANNEL_REMOTE, NUMBER, 23, &total, &open),
		    -1);
		assert_int_equal(errno, EACCES);
	}
	str_free(&big);
}

static void
test_replace(void **state)
{
	struct replace replace;
	uint64_t total, open;
	struct str big = STR_INIT;

	(void)state;
	put("local", SPAN("Da\0"));
	assert_int_equal(
	    replace_open(&replace, QUEUE_LOCAL, NUMBER, 23, 0600), 0);
	assert_int_equal(channel_add(&replace.out, SPAN("a")), 0);
	assert_int_equal(channel_add(&replace.out, SPAN("b")), 0);
	/* The old one is untouched until the new one is whole. */
	assert_int_equal(
	    channel_count(CHANNEL_LOCAL, NUMBER, 23, &total, &open), 1);
	assert_int_equal(total, 1);
	assert_int_equal(replace_close(&replace, 1234567), 0);
	assert_int_equal(
	    channel_count(CHANNEL_LOCAL, NUMBER, 23, &total, &open), 1);
	assert_int_equal(open, 2);
	assert_int_equal(access("local/0/46.new", F_OK), -1);
	for (int i = 0; i <= CHANNEL_ADDRESS_MAX; i++)
		str_add_byte(&big, 'x');
	assert_int_equal(
	    replace_open(&replace, QUEUE_LOCAL, NUMBER, 23, 0600), 0);
	assert_int_equal(channel_add(&replace.out, str_span(&big)), -1);
	assert_int_equal(errno, EMSGSIZE);
	replace_abandon(&replace);
	assert_int_equal(access("local/0/46.new", F_OK), -1);
	assert_int_equal(
	    channel_count(CHANNEL_LOCAL, NUMBER, 23, &total, &open), 1);
	assert_int_equal(open, 2);
	str_free(&big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_and_mark),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
