/* ipme.c - which addresses are this machine. */
#include "net/ipme.h"

#include <stddef.h>

/* What means this machine whatever its interfaces are. */
static bool
is_always_own(const struct ip_address *address)
{
	static const struct ip_address own[] = {
		{ 4, { 127, 0, 0, 1 } },
		{ 6, { 0 } },
		{ 6, { [15] = 1 } },
	};

	if (address->family == 4 && address->bytes[0] == 0)
		return true;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (ip_equal(address, &own[i]))
			return true;
	return false;
}

static struct ip_address
address_of(const struct netif_address *at)
{
	return ip_make(at->family, at->bytes);
}

/* Whether there is a network, and not this machine alone. */
static bool
has_network(const struct ipme *me)
{
	for (size_t i = 0; i < me->interfaces.addresses.len; i++) {
		struct ip_address own =
		    address_of(&me->interfaces.addresses.at[i]);

		if (!ip_is_loopback(&own))
			return true;
	}
	return false;
}

static bool
is_of_interface(const struct ipme *me, const struct ip_address *address)
{
	for (size_t i = 0; i < me->interfaces.addresses.len; i++) {
		struct ip_address own =
		    address_of(&me->interfaces.addresses.at[i]);

		if (ip_equal(address, &own))
			return true;
	}
	return false;
}

int
ipme_read(struct ipme *me)
{
	return netif_read(&me->interfaces);
}

bool
ipme_is_own(const struct ipme *me, const struct ip_address *address)
{
	struct ip_address plain = ip_unmapped(address);

	return is_always_own(&plain) || is_of_interface(me, &plain) ||
	    (ip_is_loopback(&plain) && has_network(me));
}

void
ipme_free(struct ipme *me)
{
	netif_free(&me->interfaces);
}

int
ipme_has(const struct ip_address *address)
{
	struct ipme me = IPME_INIT;
	struct ip_address plain = ip_unmapped(address);
	int answer = -1;

	if (is_always_own(&plain))
		return 1;
	if (ipme_read(&me) == 0)
		answer = is_of_interface(&me, &plain);
	ipme_free(&me);
	return answer;
}
