/*
 * ipme.h - which addresses are this machine.  Own are all addresses of its
 * interfaces, and besides 127.0.0.1, ::1, 0.0.0.0/8 and :: always; ::ffff:a.b.c.d
 * counts as a.b.c.d.
 */
#ifndef NET_IPME_H
#define NET_IPME_H

#include <stdbool.h>

#include "base/attr.h"
#include "net/ip.h"
#include "sys/netif.h"

struct ipme {
	struct netif_list interfaces;
};

#define IPME_INIT          \
	{                  \
		NETIF_INIT \
	}

/* ipme_read: asks the kernel once, for many questions.  0, -1 with errno. */
MUST_CHECK int ipme_read(struct ipme *me);

/*
 * ipme_is_own: whether mail that goes there would come back to this machine:
 * the address is one of those that were read, or of 127.0.0.0/8, where a server
 * of this machine may listen without any interface having the address.  Only
 * on a machine without a network, all of whose addresses are loopback ones, can
 * the others of 127.0.0.0/8 be what stands for other hosts: there they are not
 * own.
 */
bool ipme_is_own(const struct ipme *me, const struct ip_address *address);

/* ipme_free: releases the memory. */
void ipme_free(struct ipme *me);

/*
 * ipme_has: whether the address is one of this machine, asked of the kernel now
 * if it must be; of 127.0.0.0/8 only those that an interface has.
 * Returns 1 if the address is this machine, 0 if not, -1 with errno.
 */
MUST_CHECK int ipme_has(const struct ip_address *address);

#endif
