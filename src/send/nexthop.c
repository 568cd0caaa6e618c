/*
 * nexthop.c - the next hop of a remote address: its domain.
 * Input: hostile
 */
#include "nexthop.h"

struct hop *
nexthop_of(struct send *send, struct span address)
{
	return hops_hold(&send->hops,
	    span_from(address, span_find_last(address, '@') + 1), SPAN(""));
}

struct hop *
nexthop_for_pass(void *context, struct span address)
{
	return nexthop_of(context, address);
}
