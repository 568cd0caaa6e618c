/*
 * ipme.h - which addresses are this machine.  Own are all addresses of its
 * interfaces, and besides 127.0.0.1, ::1, 0.0.0.0 and :: always; ::ffff:a.b.c.d
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

/* ipme_is_own: whether the address is one of those that were read. */
bool ipme_is_own(const struct ipme *me, const struct ip_address *address);

/* ipme_free: releases the memory. */
void ipme_free(struct ipme *me);

/*
 * ipme_has: one question, asked of the kernel now if it must be.
 * Returns 1 if the address is this machine, 0 if not, -1 with errno.
 */
MUST_CHECK int ipme_has(const struct ip_address *address);

#endif
