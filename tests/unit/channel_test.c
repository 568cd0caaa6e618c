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
	struct channel_recipient next = CHANNEL_RECIPIENT_INIT;
	uint64_t total, open;
	int fd;

	(void)state;
	put("local", SPAN("Ta@b\0Dc@d\0T\0"));
	fd = channel_open(CHANNEL_LOCAL, NUMBER, 23);
	assert_true(fd >= 0);
	assert_int_equal(channel_read_from(&reader, fd, 0), 0);
	assert_int_equal(channel_next(&reader, &next), 1);
	assert_int_equal(next.position, 0);
	assert_false(next.is_done);
	assert_string_equal(str_z(&next.address), "a@b");
	assert_int_equal(channel_next(&reader, &next), 1);
	assert_int_equal(next.position, 5);
	assert_true(next.is_done);
	assert_int_equal(channel_next(&reader, &next), 1);
	assert_int_equal(next.position, 10);
	assert_int_equal(next.address.len, 0);
	assert_int_equal(channel_next(&reader, &next), 0);
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
	assert_int_equal(channel_next(&reader, &next), 1);
	assert_int_equal(next.position, 5);
	assert_string_equal(str_z(&next.address), "c@d");
	channel_recipient_free(&next);
	close(fd);
}

/* What is asked of notifications stands before the letter. */
static void
test_parameters(void **state)
{
	struct channel_recipient next = CHANNEL_RECIPIENT_INIT;
	struct channel_reader reader;
	int fd;

	(void)state;
	put("remote", SPAN("Ta@b\0RNOTIFY=NEVER\0Dc@d\0Te@f\0"));
	fd = channel_open(CHANNEL_REMOTE, NUMBER, 23);
	assert_int_equal(channel_read_from(&reader, fd, 0), 0);
	assert_int_equal(channel_next(&reader, &next), 1);
	assert_int_equal(next.start, 0);
	assert_int_equal(next.parameters.len, 0);
	assert_int_equal(channel_next(&reader, &next), 1);
	assert_int_equal(next.start, 5);
	assert_int_equal(next.position, 5 + 14);
	assert_true(next.is_done);
	assert_string_equal(str_z(&next.address), "c@d");
	assert_string_equal(str_z(&next.parameters), "NOTIFY=NEVER");
	assert_int_equal(channel_next(&reader, &next), 1);
	assert_string_equal(str_z(&next.address), "e@f");
	assert_int_equal(next.parameters.len, 0);
	assert_int_equal(channel_next(&reader, &next), 0);
	/* From where a recipient was found to start. */
	assert_int_equal(channel_read_from(&reader, fd, 5), 0);
	assert_int_equal(channel_next(&reader, &next), 1);
	assert_string_equal(str_z(&next.parameters), "NOTIFY=NEVER");
	channel_recipient_free(&next);
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
		{ "Ra\0", 3 }, /* of nobody */
		{ "Ra", 2 },
		{ "Ra\0Rb\0Tc\0", 9 },
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
	assert_int_equal(channel_add(&replace.out, SPAN("a"), SPAN(""), false), 0);
	assert_int_equal(
	    channel_add(&replace.out, SPAN("b"), SPAN("NOTIFY=DELAY"), false), 0);
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
	assert_int_equal(
	    channel_add(&replace.out, str_span(&big), SPAN(""), false), -1);
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
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
