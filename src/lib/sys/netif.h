/* netif.h - the addresses of this machine's network interfaces. */
#ifndef SYS_NETIF_H
#define SYS_NETIF_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/vec.h"

struct netif_address {
	unsigned char family;	 /* 4 or 6 */
	unsigned char bytes[16]; /* the first 4 count for family 4; rest 0 */
};

struct netif_list {
	VEC(struct netif_address) addresses;
};

#define NETIF_INIT       \
	{                \
		VEC_INIT \
	}

/*
 * netif_read: asks the kernel for all addresses of all interfaces.
 *   list   receives them, after what it holds
 * Returns 0, -1 with errno.
 */
MUST_CHECK int netif_read(struct netif_list *list);

/* netif_index: the number of an interface, from its name or the number itself.
 * Returns 0 if there is none. */
MUST_CHECK uint32_t netif_index(struct span name);

/* netif_free: releases the memory. */
void netif_free(struct netif_list *list);

#endif
