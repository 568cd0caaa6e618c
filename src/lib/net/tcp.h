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

#endif
