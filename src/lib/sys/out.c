/* out.c - buffered writing. */
#include "sys/out.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/copy.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/sock.h"

void
out_init(struct out *out, int fd, char *buffer, size_t size)
{
	must(size > 0);
	*out = (struct out){ .fd = fd, .buffer = buffer, .size = size };
}

void
out_set_timeout(struct out *out, unsigned seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	must(seconds > 0);
	out->timeout = (int64_t)seconds * 1000;
	out->is_socket_timed = setsockopt(out->fd, SOL_SOCKET, SO_SNDTIMEO,
				   &limit, sizeof(limit)) == 0;
}

void
out_set_deadline(struct out *out, int64_t deadline)
{
	out->deadline = deadline;
}

/*
 * Waiting tells that there is place, not how much: a write to a peer that
 * takes little at a time lasts as long as the kernel lets it.  Near the
 * deadline that is too long.
 */
static void
shorten_write(const struct out *out)
{
	int64_t left = out->deadline ? out->deadline - clock_monotonic() : 0;
	struct timeval limit = { .tv_sec = left / 1000,
		.tv_usec = left % 1000 * 1000 };

	if (out->is_socket_timed && left > 0 && left < out->timeout)
		(void)setsockopt(
		    out->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

void
out_watch(struct out *out, bool is_on)
{
	out->is_watching = is_on;
}

/* Waits until the socket takes more.  0, -1 with errno. */
static int
wait_and_listen(const struct out *out)
{
	short events = POLLIN | POLLOUT;

	if (fd_wait(out->fd, events, out->timeout, out->deadline, false) < 0)
		return -1;
	if (sock_has_input(out->fd)) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}

/* Writes what the socket takes, at least one byte.  -1 with errno. */
static ssize_t
write_watching(const struct out *out, struct span bytes)
{
	ssize_t put;

	while ((put = sock_send_some(out->fd, bytes)) < 0 && errno == EAGAIN)
		if (wait_and_listen(out) < 0)
			return -1;
	return put;
}

/* Writes some of the bytes, at least one.  -1 with errno. */
static ssize_t
write_waiting(const struct out *out, struct span bytes)
{
	shorten_write(out);
	if (fd_wait(out->fd, POLLOUT, out->timeout, out->deadline,
		out->is_socket_timed) < 0)
		return -1;
	return fd_write(out->fd, bytes);
}

static int
write_now(struct out *out, struct span bytes)
{
	while (bytes.len) {
		ssize_t put = out->is_watching ? write_watching(out, bytes)
					       : write_waiting(out, bytes);

		if (put < 0) {
			if (out->timeout &&
			    (errno == EAGAIN || errno == EWOULDBLOCK))
				errno = ETIMEDOUT;
			out->failure = errno;
			return -1;
		}
		out->total += (uint64_t)put;
		bytes = span_from(bytes, (size_t)put);
	}
	return 0;
}

int
out_flush(struct out *out)
{
	size_t len = out->len;

	if (out->failure) {
		errno = out->failure;
		return -1;
	}
	out->len = 0;
	return write_now(out, span_make(out->buffer, len));
}

int
out_add(struct out *out, struct span bytes)
{
	if (out->failure) {
		errno = out->failure;
		return -1;
	}
	if (bytes.len > out->size - out->len && out_flush(out) < 0)
		return -1;
	if (bytes.len > out->size)
		return write_now(out, bytes);
	copy_bytes(out->buffer + out->len, bytes.s, bytes.len);
	out->len += bytes.len;
	return 0;
}

int
out_add_z(struct out *out, const char *text)
{
	return out_add(out, span_of(text));
}
