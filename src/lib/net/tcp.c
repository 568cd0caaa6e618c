/* tcp.c - connections to mail servers. */
#include "net/tcp.h"

#include <stddef.h>

#include "sys/sock.h"

int
tcp_connect(const struct ip_address *address, uint16_t port, int64_t timeout)
{
	struct sock_peer peer = { address->family, address->bytes, port, 0 };

	return sock_stream(peer, timeout);
}

int
tcp_connect_from(const struct ip_address *address, uint16_t port,
    const struct ip_address *from, int64_t timeout)
{
	struct sock_peer peer = { address->family, address->bytes, port, 0 };
	struct sock_peer own = { from->family, from->bytes, 0, 0 };

	return sock_stream_from(
	    peer, from->family == address->family ? &own : NULL, timeout);
}
