/*
 * pass.h - a pass over the recipients of a message in one channel: those that
 * are to do are read some at a time, and taken in groups of one next hop.
 */
#ifndef SEND_PASS_H
#define SEND_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "queue/channel.h"

#include "hops.h"
#include "numbers.h"

#define PASS_WINDOW 400	 /* recipients that are looked at together */
#define PASS_WIDE   2000 /* the same where several hops are served */
#define PASS_HOPS   40	 /* hops that are served besides one */
#define PASS_READ   5000 /* recipients that are read in one step */

struct pass_recipient {
	struct channel_recipient told; /* by the channel file */
	struct hop *hop; /* with a reference; NULL in the channel local */
};

/* Recipients of one next hop. */
struct pass_group {
	struct hop *hop;
	VEC(struct pass_recipient) recipients;
};

struct pass {
	struct channel_reader reader;
	uint64_t number;  /* of the message */
	struct hop *only; /* others are passed over; NULL: nobody is */
	/*
	 * But hops that wait for room with this message, too, are served as
	 * well if they are met while there is place for more of them: else a
	 * list that mixes its domains would be read once for each.
	 */
	bool serves_others;
	VEC(struct hop *) others; /* with references */
	bool gives_way;		  /* it does not wait for room any more */
	uint64_t last;	 /* who is behind this position is not looked at */
	bool is_partial; /* it does not look at all recipients */
	bool is_at_end;
	bool is_lost;	/* its file could not be positioned */
	uint64_t total; /* recipients read so far */
	VEC(struct pass_recipient) window;
	unsigned turns;		     /* taken one after the other */
	uint64_t stalled;	     /* see schedule.c */
	struct pass *before, *after; /* in the list of its channel */
	struct job *job;
};

/* How to find the next hop of an address; it comes with a reference. */
struct pass_router {
	struct hop *(*hop_of)(void *context, struct span address);
	void *context;
	struct hops *hops;
};

/* pass_room: how many recipients the window may have. */
size_t pass_room(const struct pass *pass);

/*
 * pass_fill: reads on until the window is full, the file at its end, or
 * PASS_READ recipients were read.
 *   busy     positions plus 1 that are under way
 *   router   NULL: there are no hops in this channel
 * Returns 0; -1 with errno, EBADMSG if the file is damaged.
 */
MUST_CHECK int pass_fill(struct pass *pass, const struct number_set *busy,
    const struct pass_router *router);

/*
 * pass_take: takes the recipients out of the window that have the hop of the
 * one at `index`, up to `most` recipients and `bytes` bytes of addresses and
 * parameters, but at least that one; of equal addresses only the first.
 *   group   receives them; pass_group_free after use
 */
void pass_take(struct pass *pass, size_t index, size_t most, size_t bytes,
    struct pass_group *group);

/* pass_skip: the pass looks at nobody else; how many were in its window is
 * returned. */
size_t pass_skip(struct hops *hops, struct pass *pass);

/* pass_group_free, pass_free: release memory and hops. */
void pass_group_free(struct hops *hops, struct pass_group *group);
void pass_free(struct hops *hops, struct pass *pass);

#endif
