/* scribing.h - orders to the scribe, and what became of them. */
#ifndef SEND_SCRIBING_H
#define SEND_SCRIBING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "queue/channel.h"

#include "events.h"
#include "links.h"

/* Orders that the scribe may have; beyond these nothing is started that may
 * end in another. */
#define SCRIBING_ORDERS_MAX 200

#define SCRIBING_TEXT_MAX 48000 /* bytes of paragraphs in an order */

struct scribing {
	struct link link;
	unsigned orders; /* not yet answered */
};

/* scribing_record: has paragraphs appended to bounce/N. */
void scribing_record(struct scribing *scribing, uint64_t number,
    enum channel_id channel, struct span paragraphs);

/* scribing_inject: has a bounce queued, from this paragraph; if it is empty
 * from bounce/N. */
void scribing_inject(struct scribing *scribing, uint64_t number, int64_t birth,
    struct span sender, struct span paragraph);

/* scribing_notice: has a notice sent to the postmaster. */
void
scribing_notice(struct scribing *scribing, uint64_t number, struct span text);

/* scribing_read_event: what a datagram says.  0; -1 if it is malformed, or
 * answers nothing. */
int scribing_read_event(
    struct scribing *scribing, struct span record, struct event *event);

/* scribing_is_busy: whether it has as many orders as it may have. */
bool scribing_is_busy(const struct scribing *scribing);

#endif
