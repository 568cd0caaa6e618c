/* fdpass_test.c - records and descriptors between processes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/fdpass.h"

static void
test_records(void **state)
{
	char buffer[10];
	int pair[2], fd = 12345;

	(void)state;
	assert_int_equal(fd_pair(pair), 0);
	assert_int_equal(fdpass_send(pair[0], SPAN("one"), -1), 0);
	assert_int_equal(fdpass_send(pair[0], SPAN("two!"), -1), 0);
	assert_int_equal(fdpass_send(pair[0], SPAN("0123456789a"), -1), 0);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, &fd), 3);
	assert_int_equal(fd, -1);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, NULL), 4);
	assert_memory_equal(buffer, "two!", 4);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, &fd), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(fd_set_nonblocking(pair[1]), 0);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, &fd), -1);
	assert_int_equal(errno, EAGAIN);
	fd_close(pair[0]);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, &fd), 0);
	assert_int_equal(fdpass_send(pair[1], SPAN("x"), -1), -1);
	assert_int_equal(errno, EPIPE);
	fd_close(pair[1]);
}

static void
test_descriptors(void **state)
{
	char buffer[10];
	int pair[2], ends[2], fd = -1, unused;

	(void)state;
	assert_int_equal(fd_pair(pair), 0);
	assert_int_equal(fd_pipe(ends), 0);
	assert_int_equal(fdpass_send(pair[0], SPAN("x"), ends[1]), 0);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, &fd), 1);
	assert_true(fd >= 0 && fd != ends[1]);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_write(fd, SPAN("hi")), 2);
	assert_int_equal(fd_read(ends[0], buffer, 10), 2);
	fd_close(fd);
	/* One that nobody wants is closed: the lowest number is free again. */
	unused = fd_duplicate_above(0, 0);
	fd_close(unused);
	assert_int_equal(fdpass_send(pair[0], SPAN("x"), ends[1]), 0);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, NULL), 1);
	assert_false(fd_is_open(unused));
	/* Of a record that is cut nothing is taken. */
	assert_int_equal(fdpass_send(pair[0], SPAN("0123456789a"), ends[1]), 0);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, &fd), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(fd, -1);
	assert_false(fd_is_open(unused));
	/* A peer that went without hearing us is as gone as any; what it said
	 * before comes first. */
	assert_int_equal(fdpass_send(pair[0], SPAN("x"), -1), 0);
	assert_int_equal(fdpass_send(pair[1], SPAN("one"), -1), 0);
	assert_int_equal(fdpass_send(pair[1], SPAN("two!"), -1), 0);
	fd_close(pair[1]);
	assert_int_equal(fdpass_receive(pair[0], buffer, 10, &fd), 3);
	assert_int_equal(fdpass_receive(pair[0], buffer, 10, &fd), 4);
	assert_int_equal(fdpass_receive(pair[0], buffer, 10, &fd), 0);
	signal(SIGPIPE, SIG_DFL); /* it need not be ignored */
	assert_int_equal(fdpass_send(pair[0], SPAN("x"), -1), -1);
	assert_int_equal(errno, EPIPE);
	fd_close(pair[0]);
	fd_close(ends[0]);
	fd_close(ends[1]);
}

/* More than one descriptor in a record: none of the others stays open. */
static void
test_two_descriptors(void **state)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { .bytes = { 0 } };
	char buffer[10] = "x";
	struct iovec part = { buffer, 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int pair[2], first, unused;

	(void)state;
	assert_int_equal(fd_pair(pair), 0);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(header), pair, 2 * sizeof(int));
	unused = fd_duplicate_above(0, 0);
	fd_close(unused);
	assert_int_equal(sendmsg(pair[0], &message, 0), 1);
	assert_int_equal(fdpass_receive(pair[1], buffer, 10, &first), 1);
	fd_close(first);
	assert_false(fd_is_open(unused));
	assert_false(fd_is_open(unused + 1));
	fd_close(pair[0]);
	fd_close(pair[1]);
}

/* Exactly so many are taken; what came besides is closed. */
static void
test_several_descriptors(void **state)
{
	char buffer[10];
	int pair[2], ends[2], fds[FDPASS_FDS_MAX], unused;
	const int sent[] = { 0, 1, 2, 0 };

	(void)state;
	assert_int_equal(fd_pair(pair), 0);
	unused = dup(0);
	fd_close(unused);
	for (size_t count = 0; count <= 4; count++) {
		assert_int_equal(
		    fdpass_send_all(pair[0], SPAN("x"), sent, count), 0);
		if (count == 3) {
			assert_int_equal(
			    fdpass_receive_all(pair[1], buffer, 10, fds, 3), 1);
			for (size_t i = 0; i < 3; i++) {
				assert_true(
				    fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
				fd_close(fds[i]);
			}
			continue;
		}
		if (count == 4)
			continue;
		assert_int_equal(
		    fdpass_receive_all(pair[1], buffer, 10, fds, 3), -1);
		assert_int_equal(errno, EBADMSG);
	}
	/* Four, where three are wanted: the kernel cuts them off. */
	assert_int_equal(fdpass_receive_all(pair[1], buffer, 10, fds, 3), 1);
	for (size_t i = 0; i < 3; i++)
		fd_close(fds[i]);
	assert_int_equal(
	    fdpass_send_all(pair[0], SPAN("too long"), sent, 2), 0);
	assert_int_equal(fdpass_receive_all(pair[1], buffer, 3, fds, 2), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(fd_pipe(ends), 0);
	assert_int_equal(ends[0], unused);
	fd_close(ends[0]);
	fd_close(ends[1]);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_several_descriptors),
		cmocka_unit_test(test_two_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
