/*
 * nexthop.c - the next hop of a remote address: the relay that its domain is
 * routed to, or its domain.
 * Input: hostile
 */
#include "nexthop.h"

struct hop *
nexthop_of(struct send *send, struct span address)
{
	struct span domain =
	    span_from(address, span_find_last(address, '@') + 1);
	struct span route;
	struct str name = STR_INIT;
	struct hop *hop;

	if (!send->has_routes ||
	    !routes_find_text(&send->routes, domain, &route) || route.len == 0)
		return hops_hold(&send->hops, domain, SPAN(""));
	/* No domain begins with NUL. */
	str_add_byte(&name, '\0');
	str_add(&name, route);
	hop = hops_hold(&send->hops, str_span(&name), route);
	str_free(&name);
	return hop;
}

struct hop *
nexthop_for_pass(void *context, struct span address)
{
	return nexthop_of(context, address);
}
