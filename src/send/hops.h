/*
 * hops.h - the next hops of remote mail: which are well, how many deliveries
 * each has, and when one in trouble may be probed.  Memory only.
 *
 * The slots of the channel are shared out by what is known of a hop.  With a
 * limit of 4 or more, hops in trouble hold at most a quarter of the slots, and
 * those that never took a message at most half; so a quarter is always left
 * for those that are well.
 *
 *	unknown   tried by up to 5 deliveries at once
 *	well      each success doubles that, up to the limit of the channel
 *	trouble   one delivery at a time, the probe, and none before probe_at
 *
 * Trouble of one delivery while others to the same hop go on only brings its
 * number down to 1.  The back-off doubles from about a minute to an hour.  It
 * ends after that of qmail-remote for the same trouble, lock/tcpto: a probe
 * that qmail-remote does not let through would tell nothing, and be counted.
 *
 * Messages that cannot be started because of their hop leave their number
 * with it; hops_next_ready gives the numbers back when their turn comes: the
 * hop has room, or it has got into trouble and they are to be deferred.
 */
#ifndef SEND_HOPS_H
#define SEND_HOPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "queue/delivery.h"

#include "backlog.h"

#define HOPS_FIRST_ALLOWED    5	      /* deliveries at once to an unknown one */
#define HOPS_BACKOFF_FIRST    60000   /* milliseconds until the first probe */
#define HOPS_BACKOFF_LAST     3600000 /* and at most; */
#define HOPS_BACKOFF_MORE     16    /* one part in so many more, as in tcpto, */
#define HOPS_BACKOFF_ROUNDING 1000  /* whose clock knows seconds only */
#define HOPS_SAID	      300   /* bytes of what was told that are kept */
#define HOPS_KEPT	      65536 /* hops that are remembered without use */

enum hop_state {
	HOP_UNKNOWN,
	HOP_WELL,
	HOP_TROUBLE,
	HOP_STATES /* their number */
};

struct hop {
	struct str name;  /* lower case */
	struct str route; /* as in control/smtproutes; empty: by DNS */
	enum hop_state state;
	unsigned allowed;    /* deliveries at once */
	unsigned running;    /* deliveries */
	unsigned references; /* by recipients that were read, and deliveries */
	unsigned troubles;   /* one after the other */
	int64_t probe_at;    /* clock_monotonic; in HOP_TROUBLE */
	struct backlog blocked;	    /* messages */
	struct hop *before, *after; /* in the list it is in */
	struct hop *next_in_bucket;
	struct hop_list *list; /* which one; NULL: none */
	const void *server;    /* the pass that serves it besides its own hop */
	bool is_refusing;      /* its messages are to be deferred */
	struct str said;       /* what was told of its last trouble */
};

struct hop_list {
	struct hop *first, *last;
};

struct hops {
	struct hop **buckets;
	size_t bucket_count, count; /* buckets: 0 or a power of 2 */
	uint64_t seed;
	uint64_t limit;		      /* slots of the channel */
	uint64_t most;		      /* control/concurrencyhost; 0: no bound */
	unsigned running[HOP_STATES]; /* deliveries to hops of each state */
	/* Hops with messages that may go on if the slots of their state allow
	 * it, and hops whose messages are to be deferred. */
	struct hop_list line[HOP_STATES], refusing;
	unsigned turn;
	enum hop_state next_state; /* whose turn was last */
	struct hop_list idle;	   /* nobody uses them, the oldest first */
	size_t idle_count;
	size_t drained; /* buckets that hops_take_any is through with */
};

/* hops_init: an empty table.  limit, most: as above, may change later. */
void hops_init(struct hops *hops, uint64_t limit, uint64_t most);

/* hops_set_limits: after control files were read again. */
void hops_set_limits(struct hops *hops, uint64_t limit, uint64_t most);

/*
 * hops_hold: the hop of this name, which is made if need be, with one more
 * reference; hops_release gives that back.
 *   name    domain or route; letter case does not matter
 *   route   of control/smtproutes; empty where DNS decides
 */
struct hop *hops_hold(struct hops *hops, struct span name, struct span route);
void hops_release(struct hops *hops, struct hop *hop);

enum hop_answer {
	HOP_ADMIT, /* a delivery may start */
	HOP_BLOCK, /* not now: hops_block */
	HOP_REFUSE /* it is known to be in trouble: defer without trying */
};

/* hops_ask: whether a delivery to this hop may start, if the channel has a
 * slot.  now: clock_monotonic. */
enum hop_answer
hops_ask(const struct hops *hops, const struct hop *hop, int64_t now);

/* hops_start, hops_end: a delivery begins, and ends with this result. */
void hops_start(struct hops *hops, struct hop *hop);
void hops_end(
    struct hops *hops, struct hop *hop, enum delivery_hop found, int64_t now);

/* hops_note: what a report told of its trouble; for who is passed over. */
void hops_note(struct hop *hop, struct span text);

/*
 * hops_block: a message waits for this hop.
 *   entry      its number, and where its recipients are that wait
 *   is_fresh   it was never tried: the newest of these go first
 */
void hops_block(struct hops *hops, struct hop *hop, struct backlog_entry entry,
    bool is_fresh);

/*
 * hops_next_ready: the next message that may go on, and is forgotten here: its
 * hop can take a delivery, or refuses it.
 *   hop   receives the hop, with a reference to be given back
 * Returns false if there is none.
 */
bool hops_next_ready(
    struct hops *hops, struct backlog_entry *entry, struct hop **hop);

/*
 * hops_take: takes the message from this hop, as hops_next_ready does, if it is
 * the newest that waits for it, with recipients from this position on, and the
 * hop would soon be ready.  Returns false if not.
 */
bool hops_take(struct hops *hops, struct hop *hop, uint64_t number,
    uint64_t first, struct backlog_entry *entry);

/* hops_is_ready: whether hops_next_ready has one. */
bool hops_is_ready(const struct hops *hops);

/* hops_forget_blocked: for when all messages are due, and will be back: none
 * waits for a hop any more but those that are kept. */
void hops_forget_blocked(struct hops *hops,
    bool (*is_kept)(void *context, uint64_t number), void *context);

/* hops_take_any: takes some message that waits for a hop, which may be gone
 * then; for the end.  Returns false if there is none. */
bool hops_take_any(struct hops *hops, struct backlog_entry *entry);

/* hops_forget_troubles: hops in trouble may be probed now. */
void hops_forget_troubles(struct hops *hops);

/* hops_free: forgets all hops; nobody holds one any more. */
void hops_free(struct hops *hops);

#endif
