/*
 * schedule.h - who is delivered next.
 *
 * In each channel five sources take turns at the slots:
 *
 *	straight  messages of one recipient, straight from todo
 *	passes    messages of which some recipients were started already
 *	ready     messages that waited for their next hop, which has room now
 *	fresh     messages with files that were never tried
 *	due       messages whose time has come, the earliest first
 *
 * Local messages come in the order of their arrival, so do passes; of remote
 * ones that were never tried the newest goes first.
 */
#ifndef SEND_SCHEDULE_H
#define SEND_SCHEDULE_H

#include "send.h"

enum work_kind {
	WORK_NONE,	     /* nobody wants a slot now */
	WORK_STEP,	     /* something was put in order; ask again */
	WORK_STRAIGHT,	     /* deliver the recipient of a straight message */
	WORK_DEFER_STRAIGHT, /* its hop is known to be in trouble */
	WORK_BEGIN,	     /* begin a pass over a message that waits */
	WORK_GROUP,	     /* deliver to a group of recipients */
	WORK_DEFER_GROUP,    /* their hop is known to be in trouble */
	WORK_RETURN_GROUP,   /* an administrator ordered so; */
	WORK_DELETE_GROUP,   /* likewise */
	WORK_END_PASS,	     /* all of its recipients were looked at */
	WORK_BREAK_PASS	     /* its file cannot be read; errno says why */
};

struct work {
	enum work_kind kind;
	enum channel_id channel;
	struct job *job;  /* unless WORK_BEGIN */
	uint64_t number;  /* WORK_BEGIN */
	struct hop *only; /* WORK_BEGIN: for this hop, with a reference; */
	struct backlog_entry entry; /* and over these recipients */
	bool is_fresh;		    /* WORK_BEGIN */
	struct pass_group group;    /* WORK_..._GROUP */
};

/*
 * schedule_next: what to do in this channel.  Slots that are taken count in
 * channel->running by the time of the next call.
 *   router   of the channel remote
 */
void schedule_next(struct send *send, enum channel_id id,
    const struct pass_router *router, struct work *work);

/* schedule_has_work: whether schedule_next would find something now. */
bool schedule_has_work(const struct send *send, enum channel_id id);

/* schedule_may_be_wide: whether one more pass may serve several hops.  Such a
 * pass may keep its place for long, so only some do. */
bool schedule_may_be_wide(const struct channel *channel);

/* schedule_open_pass, schedule_close_pass: a pass joins those of its channel,
 * or leaves them and is freed. */
void schedule_open_pass(struct channel *channel, struct pass *pass);
void schedule_close_pass(
    struct channel *channel, struct hops *hops, struct pass *pass);

/* schedule_take_late: a straight message that has waited too long for a slot,
 * or any if so asked; it leaves its line.  NULL if there is none. */
struct job *schedule_take_late(struct send *send, enum channel_id id, bool any);

/* schedule_take: a straight message leaves its line. */
void schedule_take(struct send *send, struct job *job);

/* schedule_unblock: straight messages that wait for their hop are in line for
 * a slot again. */
void schedule_unblock(struct channel *channel);

/* schedule_next_late: when schedule_take_late has one; clock_monotonic;
 * INT64_MAX: none is in line. */
int64_t schedule_next_late(const struct send *send, enum channel_id id);

#endif
