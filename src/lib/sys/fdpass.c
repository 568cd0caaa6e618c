/* fdpass.c - records between our processes. */
#include "sys/fdpass.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "base/must.h"
#include "sys/fd.h"

#define SHORTAGE_PAUSE 50 /* milliseconds */

union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int
fdpass_send(int sock, struct span record, int fd)
{
	union fd_control control;
	struct iovec part = { (void *)record.s, record.len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t put;

	must(record.len > 0 && record.len <= FDPASS_RECORD_MAX);
	if (fd != -1) {
		struct cmsghdr *header;

		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	do
		put = sendmsg(sock, &message, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put < 0 ? -1 : 0;
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

static int
passed_fd(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(header), sizeof(int));
	return fd;
}

ssize_t
fdpass_receive(int sock, char *buffer, size_t size, int *fd)
{
	union fd_control control;
	struct iovec part = { buffer, size };
	/* CMSG_SPACE would have room for two; a second one would leak. */
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_LEN(sizeof(int)) };
	ssize_t got;
	int passed, resets = 0;

	/* That a peer went without hearing us is told once, before what it had
	 * said. */
	do
		got = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 &&
	    (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
	if (fd)
		*fd = -1;
	if (got < 0)
		return errno == ECONNRESET ? 0 : -1;
	passed = passed_fd(&message);
	if (fd && !(message.msg_flags & MSG_TRUNC))
		*fd = passed;
	else
		fd_close(passed);
	if (message.msg_flags & MSG_TRUNC) {
		errno = EMSGSIZE;
		return -1;
	}
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
