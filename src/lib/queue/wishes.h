/*
 * wishes.h - what the sender of a message that is being delivered asks of
 * notifications, for the programs that forward it.  Source: qmail-local(8).
 */
#ifndef QUEUE_WISHES_H
#define QUEUE_WISHES_H

#include <stdbool.h>

#include "base/str.h"
#include "queue/inject.h"

/*
 * wishes_pass_on: adds the wishes to a message whose sender has been added.
 * Only if that is the one of the message he hears of failures (RFC 3461 5.2.7).
 * Of success he is told when we are done, and not once more by each of those whom
 * it is forwarded to.  Who submitted it stays the same whoever its sender is.
 *   is_its_sender   whether that is the one of the message
 *   of_recipients   receives what inject_recipient_parameters is to be told
 *                   for each recipient
 */
void wishes_pass_on(
    struct inject *inject, bool is_its_sender, struct str *of_recipients);

#endif
