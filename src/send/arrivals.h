/* arrivals.h - what qmail-todo says, and what it is told; see sorted.h. */
#ifndef SEND_ARRIVALS_H
#define SEND_ARRIVALS_H

#include <stdint.h>

#include "base/span.h"
#include "base/vec.h"

#include "events.h"
#include "links.h"

struct arrivals {
	struct link link;
	VEC(uint64_t) gone; /* from todo; it is yet to be told */
};

/* arrivals_say: a word without a message. */
void arrivals_say(struct arrivals *arrivals, char word);

/* arrivals_tell: a word on a message. */
void arrivals_tell(struct arrivals *arrivals, char word, uint64_t number);

/* arrivals_tell_gone: its file in todo is gone.  qmail-todo only forgets it;
 * many go out together, whenever that is, but before any other word. */
void arrivals_tell_gone(struct arrivals *arrivals, uint64_t number);

/*
 * arrivals_read_event: what a datagram says; views into it.
 * Returns 0; -1 if it is malformed.
 */
int arrivals_read_event(struct span record, struct event *event);

#endif
