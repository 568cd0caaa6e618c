/* nexthop.h - the next hop of a remote address. */
#ifndef SEND_NEXTHOP_H
#define SEND_NEXTHOP_H

#include "send.h"

/* nexthop_of: the next hop, with a reference. */
struct hop *nexthop_of(struct send *send, struct span address);

/* nexthop_for_pass: the same, for struct pass_router; context: struct send. */
struct hop *nexthop_for_pass(void *context, struct span address);

#endif
