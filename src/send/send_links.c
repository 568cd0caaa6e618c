/* send_links.c - the sockets to the other daemons. */
#include <errno.h>

#include "sys/fd.h"
#include "sys/fdpass.h"

#include "send.h"

void
link_init(struct link *link, int fd)
{
	*link = (struct link){ .fd = fd, .burst = 1 };
	if (fd_set_nonblocking(fd) < 0)
		link_close(link);
}

void
link_close(struct link *link)
{
	fd_close(link->fd);
	link->fd = -1;
	for (size_t i = 0; i < link->waiting.len; i++) {
		str_free(&link->waiting.at[i].text);
		fd_close(link->waiting.at[i].fd);
	}
	vec_free(&link->waiting);
	str_free(&link->words);
}

/* Returns whether it is sent, or can never be: the next read finds out. */
static bool
try_send(struct link *link, struct span record, int fd)
{
	return fdpass_send(link->fd, record, fd) == 0 ||
	    (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS &&
		errno != ENOMEM && errno != ETOOMANYREFS);
}

void
link_send(struct link *link, struct span record, int fd)
{
	struct link_datagram datagram = { STR_INIT, -1 };

	if (link->fd == -1 ||
	    (link->waiting.len == 0 && try_send(link, record, fd)))
		return;
	str_add(&datagram.text, record);
	if (fd != -1)
		datagram.fd = fd_duplicate_above(fd, 3);
	vec_push(&link->waiting, datagram);
}

void
link_flush(struct link *link)
{
	size_t sent = 0;

	if (link->words.len) {
		struct span words = str_span(&link->words);

		link_send(link, words, -1);
		str_reset(&link->words);
	}
	while (link->fd != -1 && sent < link->waiting.len) {
		struct link_datagram *datagram = &link->waiting.at[sent];

		if (!try_send(link, str_span(&datagram->text), datagram->fd))
			break;
		str_free(&datagram->text);
		fd_close(datagram->fd);
		sent++;
	}
	if (sent == 0)
		return;
	link->waiting.len -= sent;
	for (size_t i = 0; i < link->waiting.len; i++)
		link->waiting.at[i] = link->waiting.at[i + sent];
}

bool
link_is_waiting(const struct link *link)
{
	return link->fd != -1 && link->waiting.len > 0;
}
