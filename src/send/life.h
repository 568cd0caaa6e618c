/*
 * life.h - the steps in the life of a message, from its arrival to its end.
 * Which step follows which event in which state stands in qmail-send.c.
 */
#ifndef SEND_LIFE_H
#define SEND_LIFE_H

#include "send.h"

/* Each takes the message's job, NULL if it has none, and what has happened. */
typedef void
life_step(struct send *send, struct job *job, const struct event *event);

/* Of any message, whatever its state. */
life_step life_sorted;	       /* todo is gone */
life_step life_not_sorted;     /* it could not be removed */
life_step life_restored;       /* it is in todo again */
life_step life_not_restored;   /* no whole envelope: look at its files */
life_step life_cannot_restore; /* likewise, later */
life_step life_alert;	       /* for the log */
life_step life_examined;       /* nothing to do */
life_step life_cannot_examine; /* the clean-up comes again soon */
life_step life_mark_synced;    /* the file of a finished channel goes */
life_step life_told_of_delay;  /* for the log */
life_step life_not_told_of_delay;
life_step life_broken; /* it stays in todo; the log tells */

/* Of one that is not in memory. */
life_step life_begin_straight;
life_step life_admit;	       /* new, with files */
life_step life_admit_again;    /* its files were made again */
life_step life_admit_whole;    /* its files are as they should be */
life_step life_give_up_orphan; /* its text is gone */
life_step life_orphan_removed;
life_step life_resume; /* all done, but still there */

/* Of a straight one. */
life_step life_straight_done;
life_step life_straight_failed;
life_step life_straight_deferred;
life_step life_parked;	   /* its files are made */
life_step life_not_parked; /* they could not be; qmail-todo tries again */
life_step life_kept;	   /* its files say that it is done */
life_step life_not_kept;   /* they do not yet */
life_step life_keep_again;

/* Of one with files. */
life_step life_recipient_done;
life_step life_recipient_failed;
life_step life_recipient_deferred;
life_step life_recorded; /* failures are in bounce/N */
life_step life_not_recorded;
life_step life_write_again; /* marks and failures */
life_step life_keep_open;   /* its files were made again under its hands */

/* Of one that ends. */
life_step life_bounce_queued;
life_step life_bounce_not_queued;
life_step life_bounce; /* has its bounce queued */
life_step life_remove; /* orders its removal */
life_step life_removed;
life_step life_not_removed;

/* life_try_again: something failed: EVENT_AGAIN, or the order, follows when it
 * may work. */
void life_try_again(struct send *send, enum again_kind kind, uint64_t number);

/* life_release_hop, life_free_job: gives the hop of a straight message back;
 * forgets a job altogether. */
void life_release_hop(struct send *send, struct job *job);
void life_free_job(struct send *send, struct job *job);

/* life_wait_until: a message is to be tried at this time, in seconds; or soon,
 * if no message waits that long between two tries. */
void life_wait_until(
    struct send *send, enum channel_id channel, uint64_t number, int64_t when);

/* life_line_up: a message with files, of the event, was never tried. */
void life_line_up(struct send *send, const struct event *event);

/* life_log_arrival: the two lines of a new message. */
void life_log_arrival(struct send *send, const struct event *event);

/*
 * life_add_failure, life_add_success: adds what the sender is to be told of a
 * recipient: a paragraph of the bounce, a status for the scribe; with the
 * address as it was written.  Nothing if he is not to be told: see mail/dsn.h.
 */
void life_add_failure(
    struct send *send, const struct event *event, struct str *paragraph);
void life_add_success(struct send *send, const struct job *job,
    const struct event *event, struct str *status);

/* life_add_delay: the same, if the message is that old, and its sender not yet
 * told; as much as an order to the scribe may hold. */
void life_add_delay(struct send *send, const struct job *job,
    const struct event *event, struct str *statuses);

/* life_log_queued: the line of a bounce or notice; `what` ends in "msg ". */
void
life_log_queued(struct send *send, const char *what, const struct event *event);

/*
 * life_finish: all recipients are done: a bounce if need be, then the message
 * goes.  Its files stay until then, for they say that all is done.
 */
void life_finish(struct send *send, struct job *job);

/*
 * life_unlink_files: removes the files of qmails, info last.
 * Returns 0; -1 with errno and the culprit.
 */
int life_unlink_files(
    const struct send *send, uint64_t number, struct queue_path *culprit);

/* life_keep: a straight message is done, and qmail-clean is not there to take it away:
 * it gets files that say so. */
void life_keep(struct send *send, struct job *job);

/* life_keep_finished: the same of all that qmail-clean has not answered. */
void life_keep_finished(struct send *send);

/* life_park: a straight message gets files.
 *   retry   when to try it, in seconds; 0: it was not tried yet */
void life_park(struct send *send, struct job *job, int64_t retry);

/* life_drop_recipient: one that is to do, and not under way, is done without a
 * delivery; life_settle is to follow. */
void life_drop_recipient(struct send *send, struct job *job,
    enum channel_id channel, uint64_t position);

/* life_settle: after something of a channel has ended: is the channel done, to
 * be tried later, or still at work? */
void life_settle(struct send *send, struct job *job, enum channel_id channel);

/* life_examine: has the files of a message compared with its envelope; until
 * then it is in no heap. */
void life_examine(struct send *send, uint64_t number);

/* life_give_up: files without a text: tells the log and the postmaster, and
 * removes them. */
void life_give_up(struct send *send, uint64_t number);

/*
 * life_birth: the birth of a message, as if the clock had never been set.
 * life_note_birth: one in the future, from a clock that was ahead, tells no
 * age: info keeps when that was first seen, and the age counts from there.
 * The file time stays, for it may be this clock that is wrong.
 */
int64_t life_birth(const struct send *send, const struct job *job);
void life_note_birth(struct send *send, struct job *job);

/* life_is_over_age: whether what is tried now is the last try. */
bool life_is_over_age(const struct send *send, const struct job *job);

/* life_run_ended: a run has no recipient left: its slot is free. */
void life_run_ended(struct send *send, struct run *run);

#endif
