/* in_test.c - buffered reading. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/in.h"

/* A pipe that holds these bytes and has ended. */
static int
pipe_with(const char *text)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	return ends[0];
}

static void
test_until(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int fd = pipe_with("ab\n\ncdef");
		struct str text = STR_INIT;
		char buffer[100];
		struct in in;

		in_init(&in, fd, buffer, sizes[i]);
		assert_int_equal(in_read_until(&in, '\n', &text, 10), 1);
		assert_string_equal(str_z(&text), "ab\n");
		assert_int_equal(in_read_until(&in, '\n', &text, 10), 1);
		assert_string_equal(str_z(&text), "ab\n\n");
		str_reset(&text);
		assert_int_equal(in_read_until(&in, '\n', &text, 3), -1);
		assert_int_equal(errno, EMSGSIZE);
		assert_string_equal(str_z(&text), "cde");
		assert_int_equal(in_read_until(&in, '\n', &text, 3), 0);
		assert_string_equal(str_z(&text), "cdef");
		assert_int_equal(in_read_until(&in, '\n', &text, 3), 0);
		str_free(&text);
		close(fd);
	}
}

static void
test_exact_limit(void **state)
{
	int fd = pipe_with("abc\nd");
	struct str text = STR_INIT;
	char buffer[2];
	struct in in;

	(void)state;
	in_init(&in, fd, buffer, sizeof(buffer));
	assert_int_equal(in_read_until(&in, '\n', &text, 4), 1);
	assert_string_equal(str_z(&text), "abc\n");
	str_free(&text);
	close(fd);
}

/* What was taken is gone, also from behind a later, shorter read; what is not
 * taken yet stays. */
static void
test_wipe(void **state)
{
	char buffer[16];
	struct span bytes;
	struct in in;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	memset(buffer, '!', sizeof(buffer));
	in_init(&in, ends[0], buffer, sizeof(buffer));
	assert_int_equal(write(ends[1], "secret-1", 8), 8);
	assert_int_equal(in_peek(&in, &bytes), 1);
	in_consume(&in, 8);
	assert_int_equal(write(ends[1], "abcd", 4), 4);
	assert_int_equal(in_peek(&in, &bytes), 1);
	in_consume(&in, 2);
	in_wipe(&in);
	assert_memory_equal(buffer, "\0\0cd\0\0\0\0!!!!!!!!", 16);
	assert_int_equal(in_peek(&in, &bytes), 1);
	assert_true(span_equal(bytes, SPAN("cd")));
	close(ends[0]);
	close(ends[1]);
}

static void
count_call(void *argument)
{
	++*(int *)argument;
}

static void
test_bytes_and_peeking(void **state)
{
	int fd = pipe_with("abc"), calls = 0;
	struct span bytes;
	char buffer[8], byte;
	struct in in;

	(void)state;
	in_init(&in, fd, buffer, sizeof(buffer));
	in_before_wait(&in, count_call, &calls);
	assert_false(in_is_waiting(&in));
	assert_int_equal(in_read_byte(&in, &byte), 1);
	assert_int_equal(byte, 'a');
	assert_true(in_is_waiting(&in));
	assert_int_equal(in_peek(&in, &bytes), 1);
	assert_true(span_equal(bytes, SPAN("bc")));
	assert_int_equal(calls, 1);
	in_consume(&in, 2);
	assert_int_equal(in_peek(&in, &bytes), 0);
	assert_int_equal(in_read_byte(&in, &byte), 0);
	assert_int_equal(calls, 3);
	close(fd);
}

static void
test_failure(void **state)
{
	struct span bytes;
	char buffer[8];
	struct in in;

	(void)state;
	in_init(&in, -1, buffer, sizeof(buffer));
	assert_int_equal(in_peek(&in, &bytes), -1);
	assert_int_equal(errno, EBADF);
}

/* A silent peer: of a pipe, where poll waits, and of a socket. */
static void
test_timeouts(void **state)
{
	int ends[2], pair[2];
	struct span bytes;
	char buffer[8];
	struct in in;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	in_init(&in, ends[0], buffer, sizeof(buffer));
	in_set_deadline(&in, clock_monotonic() + 30);
	assert_int_equal(in_peek(&in, &bytes), -1);
	assert_int_equal(errno, ETIMEDOUT);
	in_set_deadline(&in, clock_monotonic() - 1);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(in_peek(&in, &bytes), -1);
	assert_int_equal(errno, ETIMEDOUT);
	in_set_deadline(&in, 0);
	assert_int_equal(in_peek(&in, &bytes), 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	in_init(&in, pair[0], buffer, sizeof(buffer));
	in_set_timeout(&in, 1);
	assert_int_equal(in_peek(&in, &bytes), -1);
	assert_int_equal(errno, ETIMEDOUT);
	close(ends[0]);
	close(ends[1]);
	close(pair[0]);
	close(pair[1]);
}

static void
test_rewind(void **state)
{
	char name[] = "/tmp/in_test.XXXXXX", buffer[4], byte;
	struct str text = STR_INIT;
	int fd = mkstemp(name), pipe_fd = pipe_with("x");
	struct in in;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(write(fd, "one\ntwo\n", 8), 8);
	in_init(&in, fd, buffer, sizeof(buffer));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(in_rewind(&in), 0);
		assert_false(in_is_waiting(&in));
		str_reset(&text);
		assert_int_equal(in_read_until(&in, '\n', &text, 10), 1);
		assert_string_equal(str_z(&text), "one\n");
		assert_int_equal(in_read_byte(&in, &byte), 1);
		assert_int_equal(byte, 't');
	}
	in_init(&in, pipe_fd, buffer, sizeof(buffer));
	assert_int_equal(in_rewind(&in), -1);
	assert_int_equal(errno, ESPIPE);
	str_free(&text);
	close(fd);
	close(pipe_fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_exact_limit),
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_bytes_and_peeking),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_rewind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
