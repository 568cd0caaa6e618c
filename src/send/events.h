/*
 * events.h - what happens to a message.  The parts of qmail-send make events
 * out of what the other daemons say; the table in qmail-send.c decides.
 */
#ifndef SEND_EVENTS_H
#define SEND_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "queue/channel.h"

#include "jobs.h"

enum event_kind {
	/* of qmail-todo; see sorted.h */
	EVENT_NEW,     /* one recipient at most, no files */
	EVENT_WAITING, /* its files were made */
	EVENT_REMADE,  /* its files were damaged and have been made again */
	EVENT_WHOLE,   /* its files are as they should be */
	EVENT_BROKEN,  /* it cannot be sorted now */
	EVENT_ORPHAN,  /* its text is gone for good */
	EVENT_ALERT,   /* a line for the log; of no message */
	/* of the spawners */
	EVENT_DELIVERED,
	EVENT_FAILED,
	EVENT_DEFERRED,
	EVENT_MANGLED, /* a report without a known letter */
	/* of the scribe */
	EVENT_RECORDED, /* failures are in bounce/N, or successes told */
	EVENT_NOT_RECORDED,
	EVENT_QUEUED, /* its bounce is */
	EVENT_NOT_QUEUED,
	EVENT_SYNCED, /* the mark of its finished channel is */
	EVENT_NOT_SYNCED,
	EVENT_TOLD, /* its sender, of a delay */
	EVENT_NOT_TOLD,
	/* of qmail-clean; see queue/clean.h */
	EVENT_REMOVED, /* todo, intd and mess are gone */
	EVENT_NOT_REMOVED,
	EVENT_SORTED, /* todo is gone */
	EVENT_NOT_SORTED,
	EVENT_RESTORED,	    /* it is in todo again */
	EVENT_NOT_RESTORED, /* there is no whole envelope to compare it with */
	EVENT_CANNOT_RESTORE,
	EVENT_EXAMINED, /* it is no leftover, or a young one, or gone */
	EVENT_CANNOT_EXAMINE,
	/* of the clock */
	EVENT_AGAIN, /* what could not be done may be possible now */
	EVENTS	     /* their number */
};

struct delivery;

struct event {
	enum event_kind kind;
	uint64_t number;  /* of the message */
	struct span text; /* of a report; why it is broken */
	/* of qmail-todo */
	uint64_t size, birth, uid, pid;
	struct span sender, parameters;
	bool has_recipient;
	enum channel_id channel; /* also of the scribe */
	struct span recipient, wishes;
	uint64_t counts[CHANNELS]; /* recipients of each channel */
	/* of a spawner */
	struct delivery *delivery;
	bool is_untried;      /* EVENT_DEFERRED: nobody was asked */
	bool is_passed_on;    /* the next hop sees to notifications */
	struct span sessions; /* lines on the connections of a run */
	/* of the scribe */
	enum job_book book;
	uint64_t qp; /* of the bounce, or the notice */
};

#endif
