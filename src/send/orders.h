/* orders.h - what administrators want of messages; see queue/orders.h. */
#ifndef SEND_ORDERS_H
#define SEND_ORDERS_H

#include "send.h"

/*
 * orders_hear: does what a request of qmail-qctld says to each message that it
 * names, as far as that goes at once, and answers.  What is decided stands in
 * info, and outlives this process.
 * Returns 0; -1 if the request is malformed: nothing was done.
 */
MUST_CHECK int orders_hear(struct send *send, struct span request);

#endif
