/*
 * jobs.h - what is known of a message while something happens to it.  One
 * that waits is only a time and a number in the heap of its channel.
 */
#ifndef SEND_JOBS_H
#define SEND_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"
#include "queue/channel.h"
#include "queue/info.h"

#include "hops.h"
#include "numbers.h"
#include "pass.h"

#define JOB_ENTRIES_MAX 262144 /* bytes; see job_has_many_entries */

/* States of a message; the table of what happens next is in qmail-send.c. */
enum job_state {
	JOB_NONE,     /* not in memory: it waits, or does not exist */
	JOB_IN_LINE,  /* straight from todo: waits for a slot */
	JOB_TRIED,    /* straight: being delivered */
	JOB_PARKING,  /* straight: qmail-todo makes its files */
	JOB_ACTIVE,   /* has files: recipients are started, recorded, marked */
	JOB_BOUNCING, /* all recipients are done; its bounce is being queued */
	JOB_REMOVING, /* qmail-clean takes it away */
	JOB_KEEPING, /* straight: it cannot be; files are to say that it is done */
	JOB_STATES /* their number */
};

/*
 * What the scribe does: failures are put into bounce/N, before the recipient is
 * marked as done; the sender is told of successes, if he asked for that, after.
 */
enum job_book {
	JOB_FAILURES,
	JOB_SUCCESSES,
	JOB_BOOKS /* their number */
};

/* One that it has not done yet: who, and the end of his text. */
struct job_entry {
	uint64_t position;
	size_t end; /* bytes of the texts up to here */
};

struct job_entries {
	VEC(struct job_entry) list;
	struct str text; /* one after the other */
};

struct job_entry_book {
	struct job_entries recording;  /* those that the scribe works at */
	struct job_entries unrecorded; /* and those that follow */
	bool is_recording;	       /* the scribe has them */
};

/* A pass to come: for this hop, with a reference, over these recipients. */
struct job_wish {
	struct hop *hop;
	struct backlog_entry entry;
};

/* How a channel of a message is, as far as this process knows. */
enum job_channel_state {
	JOB_CHANNEL_NONE, /* no recipients, or all are done */
	JOB_CHANNEL_WAITS /* its file is there */
};

struct job_channel {
	enum job_channel_state state;
	int fd;		   /* the channel file; -1: not open */
	struct pass *pass; /* its recipients are being started; or NULL */
	/* Positions (plus 1) of recipients that are under way: delivered,
	 * recorded, or done and not yet marked. */
	struct number_set busy;
	unsigned running;  /* of these, in deliveries */
	uint64_t total;	   /* recipients in the file, after a pass */
	uint64_t left;	   /* seen to do, and not under way */
	bool is_partial;   /* the last pass did not see all */
	bool is_damaged;   /* its file is: to be compared with the envelope */
	bool is_finished;  /* all are done, as info says or was found here */
	int64_t retry;	   /* next try, in seconds */
	bool is_scheduled; /* it is in a heap or a backlog meanwhile */
	bool is_fresh;	   /* never tried before */
	bool is_last_try;
	bool is_told_of_delay; /* the sender is, as info says */
	struct str delays;     /* statuses of which he is still to be told */
	/* Hops that have got room; passes for them follow. */
	VEC(struct job_wish) wanted;
	struct job_entry_book books[JOB_BOOKS];
	VEC(uint64_t) unmarked; /* done, but D could not be written yet */
};

struct job {
	uint64_t number;
	int64_t birth;
	int64_t seen_ahead; /* as info says */
	enum job_state state;
	bool is_again; /* EVENT_AGAIN follows, once */
	struct str sender, parameters;
	bool is_bounced;       /* info says so; */
	enum info_order order; /* likewise */
	/* A message that goes straight has one recipient, if any, and no
	 * files. */
	bool is_straight;
	enum channel_id channel;
	struct str recipient, wishes; /* and his parameters */
	struct hop *hop;	      /* of a remote recipient */
	bool is_blocked;	      /* the hop has its number */
	struct str failure;	      /* its paragraph of the bounce */
	int64_t since;		      /* clock_monotonic when it came */
	struct job *before, *after;   /* in its line */
	struct job_channel channels[CHANNELS];
};

struct jobs {
	struct number_set table; /* values: struct job */
};

/* job_new: makes one; the number must be new. */
struct job *job_new(struct jobs *jobs, uint64_t number);

/* job_find: NULL if there is none. */
struct job *job_find(const struct jobs *jobs, uint64_t number);

/* job_free: forgets it.  It holds no hop any more. */
void job_free(struct jobs *jobs, struct job *job);

/*
 * job_load: takes a message that waits into memory: its sender, and which
 * channels wait.
 * Returns 0 and the job; -1 with errno: ENOENT if there is no info, EBADMSG if
 * it is damaged, anything else if that cannot be told.
 */
MUST_CHECK int
job_load(struct jobs *jobs, uint64_t number, uint64_t split, struct job **job);

/* job_channel_is_busy: whether a recipient of the channel is under way. */
bool job_channel_is_busy(const struct job_channel *own);

/* job_is_busy: whether that is so of a channel of the message, or its sender is
 * still to be told of successes, which no recipient waits for. */
bool job_is_busy(const struct job *job);

/* job_add_entry: adds one that the scribe is to see to. */
void
job_add_entry(struct job_entry_book *book, uint64_t position, struct span text);

/* job_has_many_entries: whether so many bytes wait that no more should follow
 * before the scribe has got on. */
bool job_has_many_entries(const struct job_entry_book *book);

/*
 * job_next_record: what the scribe is to do now: what it has (again), or that
 * which follows, as much as fits into `max` bytes.
 * Returns a view of the texts; empty if there is nothing.
 */
struct span job_next_record(struct job_entry_book *book, size_t max);

/* A line of jobs, the oldest first. */
struct job_line {
	struct job *first, *last;
};

void job_line_join(struct job_line *line, struct job *job);
void job_line_leave(struct job_line *line, struct job *job);

#endif
