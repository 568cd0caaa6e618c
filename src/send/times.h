/* times.h - the clock, and when something is to be done. */
#ifndef SEND_TIMES_H
#define SEND_TIMES_H

#include "send.h"

/*
 * times_look: takes the time of this turn, and heeds it if the clock was set:
 * back, and all is due, once, as after ALRM; forward, and what came before is
 * not older for it, so that no try becomes the last one.
 */
void times_look(struct send *send);

/* times_make_all_due: everything that waits is due, and next hops in trouble
 * may be probed. */
void times_make_all_due(struct send *send);

/* times_to_wait: milliseconds until something is to be done; -1: not before
 * something happens. */
int64_t times_to_wait(const struct send *send);

/*
 * times_store: writes the times of the next tries into the file times of local
 * and remote, where the next start finds them.  Only at a clean end: after a
 * crash all that waits is tried at once, since nobody knows what was under way.
 */
void times_store(struct send *send);

#endif
