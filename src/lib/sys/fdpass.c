/* fdpass.c - records between our processes. */
#include "sys/fdpass.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "base/must.h"
#include "sys/fd.h"

#define SHORTAGE_PAUSE 50 /* milliseconds */

union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDPASS_FDS_MAX * sizeof(int))];
};

int
fdpass_send_all(int sock, struct span record, const int *fds, size_t count)
{
	union fd_control control;
	struct iovec part = { (void *)record.s, record.len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t put;

	must(record.len <= FDPASS_RECORD_MAX);
	must(count <= FDPASS_FDS_MAX);
	if (count) {
		struct cmsghdr *header;

		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	do
		put = sendmsg(sock, &message, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put < 0 ? -1 : 0;
}

int
fdpass_send(int sock, struct span record, int fd)
{
	return fdpass_send_all(sock, record, &fd, fd != -1);
}

int
fdpass_say(int sock, struct span record)
{
	int result;

	while ((result = fdpass_send(sock, record, -1)) < 0 &&
	    (errno == ENOBUFS || errno == ENOMEM))
		(void)poll(NULL, 0, SHORTAGE_PAUSE);
	return result;
}

/* Takes the descriptors that came along; returns how many. */
static size_t
passed_fds(struct msghdr *message, int fds[FDPASS_FDS_MAX])
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t len;

	if (!header || header->cmsg_level != SOL_SOCKET ||
	    header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len < CMSG_LEN(sizeof(int)))
		return 0;
	len = header->cmsg_len - CMSG_LEN(0);
	must(len <= FDPASS_FDS_MAX * sizeof(int));
	memcpy(fds, CMSG_DATA(header), len);
	return len / sizeof(int);
}

/* Receives a record with at most `most` descriptors; *count is how many. */
static ssize_t
receive(int sock, struct iovec part, int fds[FDPASS_FDS_MAX], size_t most,
    size_t *count)
{
	union fd_control control;
	/* CMSG_SPACE would have room for one more, which would leak. */
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_LEN(most * sizeof(int)) };
	ssize_t got;
	int resets = 0;

	*count = 0;
	/* That a peer went without hearing us is told once, before what it had
	 * said. */
	do
		got = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 &&
	    (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
	if (got < 0)
		return errno == ECONNRESET ? 0 : -1;
	*count = passed_fds(&message, fds);
	if (message.msg_flags & MSG_TRUNC) {
		errno = EMSGSIZE;
		return -1;
	}
	return got;
}

static void
close_all(const int *fds, size_t count)
{
	while (count)
		fd_close(fds[--count]);
}

ssize_t
fdpass_receive_all(int sock, char *buffer, size_t size, int *fds, size_t count)
{
	int passed[FDPASS_FDS_MAX];
	size_t passed_count;
	ssize_t got;

	must(count <= FDPASS_FDS_MAX);
	got = receive(
	    sock, (struct iovec){ buffer, size }, passed, count, &passed_count);
	if (got > 0 && passed_count != count) {
		errno = EBADMSG;
		got = -1;
	}
	if (got > 0)
		memcpy(fds, passed, count * sizeof(int));
	else
		close_all(passed, passed_count);
	return got;
}

ssize_t
fdpass_receive(int sock, char *buffer, size_t size, int *fd)
{
	int passed[FDPASS_FDS_MAX];
	size_t count;
	ssize_t got =
	    receive(sock, (struct iovec){ buffer, size }, passed, 1, &count);
	bool is_taken = fd && got >= 0 && count;

	if (fd)
		*fd = is_taken ? passed[0] : -1;
	if (!is_taken)
		close_all(passed, count);
	return got;
}

int
fdpass_set_timeout(int sock, unsigned seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	return setsockopt(
		   sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
		setsockopt(
		    sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0
	    ? -1
	    : 0;
}
