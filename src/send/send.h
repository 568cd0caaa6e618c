/* send.h - all that qmail-send knows. */
#ifndef SEND_SEND_H
#define SEND_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/str.h"
#include "base/vec.h"
#include "config/routes.h"
#include "config/routing.h"
#include "sys/file.h"

#include "arrivals.h"
#include "backlog.h"
#include "cleaning.h"
#include "deliveries.h"
#include "hops.h"
#include "jobs.h"
#include "loading.h"
#include "scribe_mail.h"
#include "scribing.h"
#include "sendlog.h"
#include "steps.h"
#include "trouble.h"

#define SEND_SYSTEM_RETRY 123 /* seconds after trouble with the system */

struct pass_list {
	struct pass *first, *last;
	uint64_t count;
};

/* Whom a slot is given to, turn by turn; see schedule.c. */
enum source {
	SOURCE_STRAIGHT,
	SOURCE_PASSES,
	SOURCE_READY,
	SOURCE_FRESH,
	SOURCE_DUE,
	SOURCES /* their number */
};

struct channel {
	uint64_t limit;
	uint64_t running;	 /* runs: slots that are taken */
	uint64_t logged;	 /* deliveries that run, as the log tells */
	struct heap waiting;	 /* messages that were tried, by next try */
	struct backlog fresh;	 /* messages that never were */
	struct job_line in_line; /* straight messages: those for a slot, */
	struct job_line blocked; /* and those that wait for their hop */
	struct pass_list passes; /* over messages that wait */
	uint64_t wide_passes;	 /* of these, which serve several hops */
	uint64_t changes;	 /* counts what may let a stalled pass go on */
	enum source turn;	 /* who had the last slot */
};

/* What is to be done when trouble may be over. */
struct again {
	enum again_kind {
		AGAIN_MESSAGE, /* EVENT_AGAIN */
		AGAIN_SORTED,  /* qmail-clean is to remove todo */
		AGAIN_RESTORE  /* qmail-clean is to restore the envelope */
	} kind;
	uint64_t number;
};

struct send {
	uint64_t split;
	uint64_t lifetime;   /* seconds in the queue */
	uint64_t delay_warn; /* control/delaywarn, seconds; 0: none */
	uint64_t stop_time;  /* seconds that deliveries get at the end */
	uint64_t batch;	     /* recipients in a run, at most */
	uint64_t host_limit; /* control/concurrencyhost; 0: none */
	struct routing routing;
	struct routes routes; /* control/smtproutes */
	bool has_routes;      /* it could be read */
	/* lock/tcpok, as it was: when it changes hops in trouble are forgotten.
	 * Both files are looked at once a second at most. */
	struct file_stamp tcpok;
	int64_t next_look; /* monotonic */

	struct sendlog log;
	struct jobs jobs;
	struct hops hops; /* of the channel remote */
	struct channel channels[CHANNELS];
	struct deliveries deliveries;
	struct arrivals arrivals;
	struct cleaning cleaning;
	struct scribing scribing;
	struct scribe_mail bounces; /* for the scribe, at its start */
	struct link rcptd, queued;  /* told when to begin; else see lose */
	struct link qctld;	    /* orders; see orders.c */
	struct loading loading;
	struct sweep sweep;

	struct trouble trouble;
	VEC(struct again) again;
	size_t next_again; /* of those being tried again */
	size_t again_end;
	unsigned unmarked; /* messages with marks that cannot be written */
	unsigned parking;  /* straight messages that get their files */

	int64_t now;	      /* seconds; of this turn of the loop */
	int64_t monotonic;    /* milliseconds; likewise */
	int64_t clock_offset; /* of the clock to the monotonic one, in ms */
	struct steps steps;   /* how the clock was set */
	bool exits_asap;
	int64_t stop_at;  /* monotonic; when deliveries are not waited for */
	int64_t asked_at; /* monotonic; when it was asked to end; 0: not yet */
};

#endif
