/* ipme.c - which addresses are this machine. */
#include "net/ipme.h"

#include <stddef.h>

/* What means this machine whatever its interfaces are. */
static bool
is_always_own(const struct ip_address *address)
{
	static const struct ip_address own[] = {
		{ 4, { 0 } },
		{ 4, { 127, 0, 0, 1 } },
		{ 6, { 0 } },
		{ 6, { [15] = 1 } },
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (ip_equal(address, &own[i]))
			return true;
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

	if (is_always_own(&plain))
		return true;
	for (size_t i = 0; i < me->interfaces.addresses.len; i++) {
		const struct netif_address *at =
		    &me->interfaces.addresses.at[i];
		struct ip_address own = ip_make(at->family, at->bytes);

		if (ip_equal(&plain, &own))
			return true;
	}
	return false;
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
		answer = ipme_is_own(&me, address);
	ipme_free(&me);
	return answer;
}
