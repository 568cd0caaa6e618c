/* in.c - buffered reading. */
#include "sys/in.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/must.h"
#include "base/secret.h"
#include "sys/fd.h"

void
in_init(struct in *in, int fd, char *buffer, size_t size)
{
	must(size > 0);
	*in = (struct in){
		.fd = fd, .buffer = buffer, .size = size, .read = fd_read
	};
}

void
in_set_timeout(struct in *in, unsigned seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	must(seconds > 0);
	in->timeout = (int64_t)seconds * 1000;
	in->is_socket_timed = setsockopt(in->fd, SOL_SOCKET, SO_RCVTIMEO,
				  &limit, sizeof(limit)) == 0;
}

void
in_set_deadline(struct in *in, int64_t deadline)
{
	in->deadline = deadline;
}

void
in_before_wait(struct in *in, void (*call)(void *), void *argument)
{
	in->before_wait = call;
	in->before_wait_argument = argument;
}

int
in_peek(struct in *in, struct span *bytes)
{
	ssize_t got;

	if (in->start == in->end) {
		if (in->before_wait)
			in->before_wait(in->before_wait_argument);
		if (fd_wait(in->fd, POLLIN, in->timeout, in->deadline,
			in->is_socket_timed) < 0)
			return -1;
		got = in->read(in->fd, in->buffer, in->size);
		if (got < 0 && in->timeout &&
		    (errno == EAGAIN || errno == EWOULDBLOCK))
			errno = ETIMEDOUT;
		if (got <= 0)
			return (int)got;
		in->start = 0;
		in->end = (size_t)got;
		if (in->used < in->end)
			in->used = in->end;
	}
	*bytes = span_make(in->buffer + in->start, in->end - in->start);
	return 1;
}

void
in_consume(struct in *in, size_t n)
{
	must(n <= in->end - in->start);
	in->start += n;
}

void
in_wipe(struct in *in)
{
	secret_wipe(in->buffer, in->start);
	secret_wipe(in->buffer + in->end, in->used - in->end);
}

int
in_rewind(struct in *in)
{
	if (lseek(in->fd, 0, SEEK_SET) < 0)
		return -1;
	in->start = in->end = 0;
	return 0;
}

bool
in_is_waiting(const struct in *in)
{
	return in->start < in->end;
}

int
in_read_byte(struct in *in, char *byte)
{
	struct span bytes;
	int got = in_peek(in, &bytes);

	if (got > 0) {
		*byte = bytes.s[0];
		in_consume(in, 1);
	}
	return got;
}

int
in_read_until(struct in *in, char separator, struct str *text, size_t max)
{
	for (;;) {
		struct span bytes;
		size_t end;
		int got;

		if (max == 0) {
			errno = EMSGSIZE;
			return -1;
		}
		if ((got = in_peek(in, &bytes)) <= 0)
			return got;
		end = span_find(bytes, separator);
		bytes = span_upto(span_upto(bytes, end + 1), max);
		str_add(text, bytes);
		in_consume(in, bytes.len);
		max -= bytes.len;
		if (end < bytes.len)
			return 1;
	}
}
