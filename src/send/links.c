/* links.c - the sockets to the other daemons. */
#include "links.h"

#include <errno.h>
#include <string.h>

#include "base/must.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define WORDS_AT_ONCE 16384 /* bytes of words in a datagram */

int
link_init(struct link *link, int fd)
{
	*link = (struct link){ .fd = fd, .burst = 1 };
	return fd_set_nonblocking(fd);
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

/* Sends datagrams that wait; those that are left move to the front. */
static void
send_waiting(struct link *link)
{
	size_t sent = 0;

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

/* As many whole records as fit into one datagram of words. */
static struct span
next_words(struct span words)
{
	size_t end;

	if (words.len <= WORDS_AT_ONCE)
		return words;
	end = span_find_last(span_upto(words, WORDS_AT_ONCE), '\0');
	must(end < WORDS_AT_ONCE); /* no record is that long */
	return span_upto(words, end + 1);
}

/* Sends words as far as the peer takes them; the rest stays. */
static void
send_words(struct link *link)
{
	struct span rest = str_span(&link->words);
	size_t left;

	while (rest.len && link->fd != -1) {
		struct span part = next_words(rest);

		if (!try_send(link, part, -1))
			break;
		rest = span_from(rest, part.len);
	}
	left = link->fd == -1 ? 0 : rest.len;
	if (left)
		memmove(link->words.s, rest.s, left);
	str_cut(&link->words, left);
}

void
link_flush(struct link *link)
{
	if (link->waiting.len)
		send_waiting(link);
	if (link->words.len && link->waiting.len == 0)
		send_words(link);
}

bool
link_is_waiting(const struct link *link)
{
	return link->fd != -1 && (link->waiting.len > 0 || link->words.len > 0);
}
