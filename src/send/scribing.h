/* scribing.h - orders to the scribe, and what became of them. */
#ifndef SEND_SCRIBING_H
#define SEND_SCRIBING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "mail/report.h"
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

/* scribing_record: has paragraphs appended to bounce/N.  EVENT_RECORDED or
 * EVENT_NOT_RECORDED follows. */
void scribing_record(struct scribing *scribing, uint64_t number,
    enum channel_id channel, struct span paragraphs);

/* scribing_sync: has info/N synced, with the mark of a finished channel.
 * EVENT_SYNCED or EVENT_NOT_SYNCED follows. */
void scribing_sync(
    struct scribing *scribing, uint64_t number, enum channel_id channel);

/* scribing_inject: has a bounce queued, from this paragraph; if it is empty
 * from bounce/N.  EVENT_QUEUED or EVENT_NOT_QUEUED follows. */
void scribing_inject(
    struct scribing *scribing, const struct job *job, struct span paragraph);

/* scribing_add_status: adds what became of a recipient. */
void scribing_add_status(struct str *text, const struct report_status *status);

/* scribing_tell: has the sender told of successes in a channel.  The events
 * of scribing_record follow.
 *   statuses   of scribing_add_status, one after the other */
void scribing_tell(struct scribing *scribing, const struct job *job,
    enum channel_id channel, struct span statuses);

/* scribing_warn: has the sender told of delays; EVENT_TOLD or EVENT_NOT_TOLD
 * follows.
 *   until      when the last try will be, in seconds
 *   statuses   as above */
void scribing_warn(struct scribing *scribing, const struct job *job,
    int64_t until, struct span statuses);

/* scribing_notice: has a notice sent to the postmaster. */
void
scribing_notice(struct scribing *scribing, uint64_t number, struct span text);

/* scribing_reread: has the control files read again; EVENT_ALERT follows if one
 * of them cannot be read. */
void scribing_reread(struct scribing *scribing);

/* scribing_read_event: what a datagram says.  0; -1 if it is malformed, or
 * answers nothing. */
int scribing_read_event(
    struct scribing *scribing, struct span record, struct event *event);

/* scribing_is_busy: whether it has as many orders as it may have. */
bool scribing_is_busy(const struct scribing *scribing);

#endif
