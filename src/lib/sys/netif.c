/* netif.c - the addresses of this machine's network interfaces. */
#include "sys/netif.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/scan.h"

/* Copied, for what the kernel gives need not be aligned for its type. */
static void
add_address(struct netif_list *list, const struct sockaddr *name)
{
	struct netif_address address = { 0 };

	if (name->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, name, sizeof(in));
		address.family = 4;
		memcpy(address.bytes, &in.sin_addr, 4);
	} else if (name->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, name, sizeof(in6));
		address.family = 6;
		memcpy(address.bytes, &in6.sin6_addr, 16);
	} else
		return;
	vec_push(&list->addresses, address);
}

int
netif_read(struct netif_list *list)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return -1;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (i->ifa_addr)
			add_address(list, i->ifa_addr);
	freeifaddrs(all);
	return 0;
}

uint32_t
netif_index(struct span name)
{
	char text[IF_NAMESIZE];
	uint64_t number;

	if (scan_u64(name, UINT32_MAX, &number))
		return (uint32_t)number;
	if (name.len >= sizeof(text))
		return 0;
	memcpy(text, name.s, name.len);
	text[name.len] = '\0';
	return if_nametoindex(text);
}

void
netif_free(struct netif_list *list)
{
	vec_free(&list->addresses);
}
