/* links.h - the sockets to the other daemons, which never block. */
#ifndef SEND_LINKS_H
#define SEND_LINKS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"

/* A datagram that did not fit into the socket yet. */
struct link_datagram {
	struct str text;
	int fd; /* -1: none */
};

struct link {
	int fd;		  /* -1: the peer is gone */
	struct str words; /* records that link_flush sends */
	VEC(struct link_datagram) waiting;
	unsigned burst; /* datagrams to ask for at once */
};

/* link_init: takes over a socket, which from now on does not block.
 * Returns 0; -1 with errno, EBADF if nobody gave it to us. */
MUST_CHECK int link_init(struct link *link, int fd);

/* link_send: sends one datagram, now or when the peer reads again.  A
 * descriptor to pass along is copied if it has to wait. */
void link_send(struct link *link, struct span record, int fd);

/* link_flush: sends what waits, then the words, as far as it goes.  A link
 * uses either link_send or words, for the two may overtake each other. */
void link_flush(struct link *link);

/* link_is_waiting: whether something waits to be sent. */
bool link_is_waiting(const struct link *link);

/* link_close: the peer is gone. */
void link_close(struct link *link);

#endif
