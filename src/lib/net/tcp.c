/* tcp.c - connections to mail servers. */
#include "net/tcp.h"

#include "sys/sock.h"

int
tcp_connect(const struct ip_address *address, uint16_t port, int64_t timeout)
{
	struct sock_peer peer = { address->family, address->bytes, port, 0 };

	return sock_stream(peer, timeout);
}
