/* tcp.h - connections to mail servers. */
#ifndef NET_TCP_H
#define NET_TCP_H

#include <stdint.h>

#include "base/attr.h"
#include "net/ip.h"

/*
 * tcp_connect: opens a connection.
 *   timeout   milliseconds; 0: give up unless it is there at once
 * Returns a blocking, close-on-exec descriptor; -1 with errno, ETIMEDOUT if
 * nobody answered in that time, ECONNREFUSED ...
 */
MUST_CHECK int
tcp_connect(const struct ip_address *address, uint16_t port, int64_t timeout);

/*
 * tcp_connect_from: the same from an address of this machine.
 *   from   used if it is of the family of the address
 * Returns as tcp_connect; EADDRNOTAVAIL if this machine has no such address.
 */
MUST_CHECK int tcp_connect_from(const struct ip_address *address, uint16_t port,
    const struct ip_address *from, int64_t timeout);

#endif
