/*
 * wishes.h - what the sender of a message that is being delivered asks of
 * notifications, for the programs that forward it.  Source: qmail-local(8).
 */
#ifndef QUEUE_WISHES_H
#define QUEUE_WISHES_H

#include "base/str.h"
#include "queue/inject.h"

/*
 * wishes_pass_on: adds the wishes to a message whose sender has been added.
 * To be called only if that is the one of the message, who hears of failures
 * (RFC 3461 5.2.7).  Of success he is told when we are done, and not once more
 * by each of those whom it is forwarded to.
 *   of_recipients   receives what inject_recipient_parameters is to be told
 *                   for each recipient
 */
void wishes_pass_on(struct inject *inject, struct str *of_recipients);

#endif
