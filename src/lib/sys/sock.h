/* sock.h - sockets to other machines, all close-on-exec. */
#ifndef SYS_SOCK_H
#define SYS_SOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"

/* An Internet address and port as the kernel calls want them. */
struct sock_peer {
	unsigned char family;	    /* 4 or 6 */
	const unsigned char *bytes; /* 4 or 16 of them */
	uint16_t port;
	uint32_t scope; /* index of the interface, for link-local ones; or 0 */
};

/*
 * sock_datagram: a UDP socket connected to the peer, so that the kernel
 * accepts nothing from anyone else and tells of refusals, and of hosts and
 * networks that ICMP says cannot be reached; its own port is one that the kernel
 * chooses at random.
 * Returns the descriptor, which does not block; -1 with errno.
 */
MUST_CHECK int sock_datagram(struct sock_peer peer);

/*
 * sock_stream: a TCP connection to the peer.
 *   timeout   milliseconds to wait for it; 0: not at all
 * Returns a blocking descriptor; -1 with errno, ETIMEDOUT if it took too long.
 */
MUST_CHECK int sock_stream(struct sock_peer peer, int64_t timeout);

/*
 * sock_stream_from: the same from an address of this machine.
 *   from   family and bytes count; of the family of the peer, or NULL: any
 * Returns as sock_stream; EADDRNOTAVAIL if this machine has no such address.
 */
MUST_CHECK int sock_stream_from(
    struct sock_peer peer, const struct sock_peer *from, int64_t timeout);

/*
 * sock_stream_local: a stream to a socket of this machine, by the path of that.
 * Returns a blocking descriptor; -1 with errno: EAGAIN: too many wait there.
 */
MUST_CHECK int sock_stream_local(struct span path);

/*
 * sock_send_at_once: from now on small writes do not wait for the answer to
 * earlier ones.  Failure only costs time and is not reported.
 */
void sock_send_at_once(int fd);

/*
 * sock_acknowledge_at_once: acknowledges what comes next without delay, where
 * the kernel knows how.  A peer that sends several small answers in a row
 * otherwise waits 40 ms with the second.
 */
void sock_acknowledge_at_once(int fd);

/*
 * sock_send_some: sends as much as goes without waiting.
 * Returns how many bytes; -1 with errno, EAGAIN if none.
 */
MUST_CHECK ssize_t sock_send_some(int fd, struct span bytes);

/*
 * sock_has_input: whether bytes, or the end, have arrived unasked.  Does not
 * wait.
 */
bool sock_has_input(int fd);

/*
 * sock_wait_input: waits for input.
 *   timeout   milliseconds
 * Returns 1; 0 when nothing came in that time; -1 with errno.
 */
MUST_CHECK int sock_wait_input(int fd, int64_t timeout);

/* An end of a connection. */
struct sock_end {
	unsigned char family;	 /* 4 or 6; 0: the socket is of another kind */
	unsigned char bytes[16]; /* the first 4 count for family 4 */
	uint16_t port;
	uint32_t scope; /* index of the interface, for link-local ones; or 0 */
};

/*
 * sock_ends: who is connected with whom.
 * Returns 0; -1 with errno, ENOTCONN or ENOTSOCK if fd is no connection.
 */
MUST_CHECK int
sock_ends(int fd, struct sock_end *local, struct sock_end *remote);

#endif
