/*
 * send.h - the parts of qmail-send.
 *
 * A message is in memory only while something happens to it (struct job); one
 * that waits is a time and a number in the heap of its channel.
 */
#ifndef SEND_SEND_H
#define SEND_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/heap.h"
#include "base/str.h"
#include "base/vec.h"
#include "queue/clean.h"
#include "queue/delivery.h"
#include "queue/path.h"
#include "sys/in.h"

#include "numbers.h"
#include "rewrite.h"

#define SEND_HOLD_MS	  10  /* milliseconds; see job_release */
#define SEND_SYSTEM_RETRY 123 /* seconds after trouble with the system */

/* Orders that the scribe may have; beyond these nothing is started that may
 * end in another. */
#define SEND_SCRIBE_MAX 200

/* ---- send_links.c: the sockets to the other daemons ---- */

/* A datagram that did not fit into the socket yet. */
struct link_datagram {
	struct str text;
	int fd; /* -1: none */
};

struct link {
	int fd;		  /* -1: the peer is gone */
	struct str words; /* records that link_flush sends */
	VEC(struct link_datagram) waiting;
	unsigned burst; /* datagrams to ask for at once */
};

/* link_init: takes over a socket, which from now on does not block.
 * Returns 0; -1 with errno, EBADF if nobody gave it to us. */
MUST_CHECK int link_init(struct link *link, int fd);

/* link_send: sends one datagram, now or when the peer reads again.  A
 * descriptor to pass along is copied if it has to wait. */
void link_send(struct link *link, struct span record, int fd);

/* link_flush: sends what waits, then the words, as far as it goes.  A link
 * uses either link_send or words, for the two may overtake each other. */
void link_flush(struct link *link);

/* link_is_waiting: whether something waits to be sent. */
bool link_is_waiting(const struct link *link);

/* link_close: the peer is gone. */
void link_close(struct link *link);

/* ---- what is known of a message ---- */

enum job_state {
	JOB_ACTIVE,  /* being delivered, or waiting for a slot */
	JOB_PARKING, /* straight; qmail-todo makes its files */
	JOB_BOUNCING /* all recipients done; its bounce is being queued */
};

struct job_channel {
	int fd;		     /* the channel file; -1: not open */
	bool is_passing;     /* its recipients are being started */
	unsigned running;    /* deliveries, and failures being recorded */
	unsigned recording;  /* of these, the failures */
	uint64_t recipients; /* seen in this pass */
	uint64_t open;	     /* of these, not done */
	int64_t retry;	     /* next try, in seconds */
};

struct job {
	uint64_t number;
	int64_t birth;
	enum job_state state;
	struct str sender;
	bool is_over_age; /* this try is the last */
	/* A message that goes straight has one recipient and no files. */
	bool is_straight;
	enum channel_id channel;
	struct str recipient;
	struct str failure; /* its paragraph of the bounce */
	int64_t since;	    /* clock_monotonic when it came */
	struct job *next;   /* in the queue of its channel */
	struct job_channel channels[CHANNELS];
};

struct delivery {
	uint32_t number;
	enum channel_id channel;
	struct job *job;
	uint64_t position; /* of its letter in the channel file */
	struct str recipient;
};

struct channel {
	uint64_t limit, running;
	struct heap waiting;
	struct link link; /* to the spawner */
	/* The message whose recipients are being started. */
	struct job *pass;
	struct in pass_in;
	uint64_t pass_position;
	char pass_buffer[2048];
	/* Straight messages that wait for a slot, in order. */
	struct job *straight_first, *straight_last;
	bool was_straight; /* the last slot went to one of these */
};

struct clean_order {
	char letter;
	uint64_t number;
};

struct send {
	uint64_t split;
	uint64_t lifetime;
	struct str me;
	struct routing routing;
	struct channel channels[CHANNELS];
	VEC(struct delivery) deliveries; /* running */
	uint32_t last_delivery;
	struct number_set jobs; /* values: struct job */
	struct heap finishing;	/* all recipients done; tried at this time */

	struct link todo, clean, scribe;
	VEC(struct clean_order) clean_orders; /* not yet answered, in order */
	size_t clean_answered;
	VEC(struct clean_order) clean_again;
	VEC(uint64_t) finished; /* held back; see job_release */
	int64_t finished_since; /* clock_monotonic of the first */
	VEC(uint64_t) gone;	/* from todo; it is yet to be told */
	int64_t clean_again_at; /* seconds */
	unsigned scribe_orders; /* not yet answered */
	unsigned parking;	/* parks not yet answered */

	/* Start and clean-up; see send_load.c. */
	VEC(uint64_t) to_load;
	size_t next_to_load, loading_in_flight;
	struct number_set loading;
	bool loads_due; /* ALRM came while some were being examined */
	uint64_t sweep_part;
	int64_t next_sweep; /* seconds */
	bool sweeps_again;  /* not all could be examined */

	struct str log;
	uint64_t log_dropped; /* lines lost since the reader got stuck */
	int64_t now;	      /* seconds; of this turn of the loop */
	bool exits_asap;
};

/* ---- send_log.c ---- */

/* send_log_u64 and the others add to the line that send_log_end completes. */
void send_log_z(struct send *send, const char *text);
void send_log_u64(struct send *send, uint64_t number);
/* send_log_safe: newlines become /, other unsafe bytes and blanks _. */
void send_log_safe(struct send *send, struct span text);
void send_log_end(struct send *send);
/* send_log_line: a whole line. */
void send_log_line(struct send *send, const char *text);
/* send_log_trouble: "warning: WHAT FOLDER/S/N". */
void send_log_trouble(struct send *send, const char *what, const char *folder,
    uint64_t number, const char *after);
void send_log_status(struct send *send);
/* send_log_flush: writes part of the log, once; the descriptor is ready. */
void send_log_flush(struct send *send);

/* ---- send_jobs.c: from a new message to its end ---- */

struct job *job_new(struct send *send, uint64_t number);
struct job *job_find(struct send *send, uint64_t number);
void job_free(struct send *send, struct job *job);

/* job_next_try: when to try again what is tried now.
 * Source: qmail-send(8), RETRIES. */
int64_t job_next_try(int64_t birth, int64_t now, enum channel_id channel);

/* job_hear_todo: a datagram of qmail-todo. */
void job_hear_todo(struct send *send, struct span record);

/* job_finish: all recipients are done: bounce if need be, then remove. */
void job_finish(struct send *send, uint64_t number);

/* job_remove: the bounce is queued: removes the message. */
void job_remove(struct send *send, struct job *job);

/* job_settle: after a delivery or at the end of a pass: is the channel done,
 * to be tried later, or still at work? */
void job_settle(struct send *send, struct job *job, enum channel_id channel);

/* job_park: has the files of a straight message made. */
void job_park(struct send *send, struct job *job, int64_t retry);

/*
 * job_release: tells qmail-clean of finished messages: when there are many, or
 * the first has waited for some milliseconds, or no delivery runs, or all.
 * Nobody is in a hurry for that, and one wake-up serves many.
 */
void job_release(struct send *send, bool all);

/* job_is_there: whether a file of the queue exists, as far as can be told: only
 * a plain no is a no. */
bool job_is_there(struct queue_path path);

/* job_order_clean: asks qmail-clean for something. */
void job_order_clean(struct send *send, char letter, uint64_t number);
/* job_hear_clean: a datagram of qmail-clean. */
void job_hear_clean(struct send *send, struct span record);

/* ---- send_pass.c: who is delivered next ---- */

/* pass_run: starts deliveries as long as there are slots. */
void pass_run(struct send *send);
/* pass_next_event: when pass_run has something to do; INT64_MAX: never. */
int64_t pass_next_event(const struct send *send);
/*
 * pass_store_times: writes the times of the next tries into the file times of
 * local and remote, where the next start finds them.  Only at a clean end: after
 * a crash all that waits is tried at once, since nobody knows what was under
 * way.
 */
void pass_store_times(struct send *send);
void pass_add_straight(struct send *send, struct job *job);

/* ---- send_deliver.c ---- */

void deliver_start(struct send *send, struct job *job, enum channel_id channel,
    struct span recipient, uint64_t position);
/* deliver_hear: a datagram of a spawner. */
void
deliver_hear(struct send *send, enum channel_id channel, struct span record);
/* deliver_mark: writes D over the letter of a recipient. */
void deliver_mark(struct send *send, struct job *job, enum channel_id channel,
    uint64_t position);

/* ---- send_scribe.c: a process of qmail-send that may wait for the disk ---- */

/* scribe_start: reads the control files of bounces and forks the scribe; the
 * working folder is HOME.  Returns the socket to it, -1 with errno. */
int scribe_start(void);
/* scribe_record: has a failure appended to bounce/N; then it is marked. */
void scribe_record(struct send *send, const struct job *job,
    enum channel_id channel, uint64_t position, struct span paragraph);
/* scribe_inject: has the bounce of a message queued; then it is removed. */
void scribe_inject(struct send *send, const struct job *job);
/* scribe_hear: a datagram of the scribe. */
void scribe_hear(struct send *send, struct span record);

/* ---- send_load.c: the queue at the start, and the clean-up ---- */

/* load_begin: finds the waiting messages.  Returns 0, -1 with errno. */
int load_begin(struct send *send);
/* load_step: has some more examined. */
void load_step(struct send *send);
/* load_settle: one of them is known to be whole, or to have no envelope: puts
 * it into the heaps.  Nothing happens for others. */
void load_settle(struct send *send, uint64_t number);
/* load_postpone: one of them cannot be examined now: it stays out of the heaps
 * and makes place for others.  Returns false if it is none of them. */
bool load_postpone(struct send *send, uint64_t number);
/* load_forget: it needs no loading any more; false if it did not. */
bool load_forget(struct send *send, uint64_t number);
/* load_sweep: one step of the clean-up, if it is time. */
void load_sweep(struct send *send);
/* load_sweep_again: the next clean-up comes soon, for this one had trouble. */
void load_sweep_again(struct send *send);
/* load_next_event: when load_sweep has something to do. */
int64_t load_next_event(const struct send *send);

#endif
