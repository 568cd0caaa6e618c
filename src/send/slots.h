/* slots.h - deliveries: how slots are filled, and what the log says of them. */
#ifndef SEND_SLOTS_H
#define SEND_SLOTS_H

#include "schedule.h"
#include "send.h"

/*
 * slots_fill: starts deliveries as long as there are slots and work, but no
 * more than some steps, so that the other daemons are heard.  Stops when there
 * is a result to be heard: see slots_next_refused.
 */
void slots_fill(struct send *send, enum channel_id channel);

/*
 * slots_next_refused: the result of a delivery that no spawner had, because
 * its message cannot be opened or its next hop is in trouble.
 *   text   keeps the text of the event
 * Returns false if there is none.
 */
bool
slots_next_refused(struct send *send, struct event *event, struct str *text);

/* slots_park_late: straight messages that have waited too long for a slot, or
 * all of them if the end has come, get files and wait as others do. */
void slots_park_late(struct send *send);

/* slots_next_event: when slots_fill has something to do, in seconds of the
 * clock; INT64_MAX: not before something happens. */
int64_t slots_next_event(const struct send *send);

/*
 * slots_end_delivery: a recipient has its result: writes the log, and makes a
 * failure of the deferral that is the last.
 *   event   with a delivery; its kind and text may change
 *   text    keeps a new text
 */
void
slots_end_delivery(struct send *send, struct event *event, struct str *text);

/* slots_log_status: the line on how many deliveries run. */
void slots_log_status(struct send *send);

/* slots_interrupt: the log gets a result of each delivery that is left. */
void slots_interrupt(struct send *send);

#endif
