/*
 * deliveries.h - what the spawners are doing: deliveries, and the runs of a
 * program that carry one or several of them.  One run takes one slot.
 */
#ifndef SEND_DELIVERIES_H
#define SEND_DELIVERIES_H

#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"
#include "queue/channel.h"
#include "queue/delivery.h"

#include "events.h"
#include "hops.h"
#include "jobs.h"
#include "links.h"
#include "numbers.h"

/* Several recipients of one message on their way to one next hop. */
struct run {
	uint64_t number; /* of the message */
	enum channel_id channel;
	struct hop *hop; /* NULL in the channel local */
	enum delivery_hop found;
	unsigned open;	 /* recipients without a report */
	struct str said; /* RUN_HOP_TROUBLE: what was told of it */
	/* Why no spawner has it. */
	enum run_refusal {
		RUN_IS_SENT,
		RUN_CANNOT_OPEN, /* the file of the message */
		RUN_HOP_TROUBLE, /* its next hop did not work lately */
		RUN_RETURNED	 /* an administrator returns the message */
	} refusal;
};

struct delivery {
	uint32_t order;	 /* its number on the wire */
	uint32_t number; /* in the log; 0: it has no line there yet */
	struct run *run;
	uint64_t position; /* of its letter in the channel file */
	struct str recipient, parameters;
};

struct deliveries {
	struct number_set table; /* by order; values: struct delivery */
	uint32_t last_order, last_number;
	VEC(struct delivery *) refused; /* of runs that no spawner has */
	struct link links[CHANNELS];
};

/*
 * deliveries_start_run: a run without recipients yet.
 *   hop   NULL, or the next hop; one more delivery to it begins
 */
struct run *
deliveries_start_run(uint64_t number, enum channel_id channel, struct hop *hop);

/* deliveries_add: adds a recipient to a run that is not sent yet. */
struct delivery *deliveries_add(struct deliveries *deliveries, struct run *run,
    const struct channel_recipient *recipient);

/* deliveries_name: gives a delivery its number in the log. */
void deliveries_name(struct deliveries *deliveries, struct delivery *delivery);

/*
 * deliveries_end: forgets a delivery that has its result.
 * Returns its run if it was the last of it, for deliveries_free_run.  NULL
 * otherwise.
 */
struct run *
deliveries_end(struct deliveries *deliveries, struct delivery *delivery);

/* deliveries_free_run: forgets a run without deliveries. */
void deliveries_free_run(struct run *run);

/*
 * deliveries_next_event: takes one report off a datagram of a spawner: the
 * event DELIVERED, FAILED, DEFERRED, or MANGLED for a letter nobody knows.
 * Returns 1; 0 at the end; -1 if the rest is malformed; reports of unknown
 * deliveries come with event.delivery NULL.
 */
int deliveries_next_event(struct deliveries *deliveries,
    enum channel_id channel, struct span *rest, struct event *event);

/* deliveries_refuse: a delivery that no spawner is to have. */
void
deliveries_refuse(struct deliveries *deliveries, struct delivery *delivery);

/* deliveries_next_refused: the next of these; NULL if there is none. */
struct delivery *deliveries_next_refused(struct deliveries *deliveries);

/* deliveries_any: some delivery; NULL if none runs. */
struct delivery *deliveries_any(const struct deliveries *deliveries);

#endif
