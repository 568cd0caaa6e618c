/*
 * queuedoor.h - the door of qmail-queued, by which a message gets into the queue
 * without a program being started for it: sys/door.h, one message a connection.
 *
 *	client    how it begins: what the message is, and perhaps QUEUEDOOR_WAITS
 *	server    if the client waits: QUEUEDOOR_GO
 *	client    the message in records of up to QUEUEDOOR_PIECE bytes, an
 *	          empty record, the envelope (queue/envelope.h) likewise
 *	server    Q process id NUL   accepted; the number is told as qp
 *	          X exit code NUL    refused: a code of qmail-queue(8)
 *	          F NUL              no place here: it has not been looked at
 *
 * An end without an answer: it may be accepted or not.  Who comes is known from the
 * kernel alone.  Source: qmail-queued(8).
 */
#ifndef QUEUE_QUEUEDOOR_H
#define QUEUE_QUEUEDOOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "queue/envelope.h"

#define QUEUEDOOR	"queued/door" /* below the home of the suite */
#define QUEUEDOOR_PIECE 16384	      /* bytes in a record */

enum queuedoor_letter {
	QUEUEDOOR_RELAYED = 'p', /* as enum envelope_submission */
	QUEUEDOOR_SUBMITTED = 's',
	QUEUEDOOR_RESENT = 'r',
	QUEUEDOOR_WAITS = 'w',
	QUEUEDOOR_GO = 'G',
	QUEUEDOOR_ACCEPTED = 'Q',
	QUEUEDOOR_REFUSED = 'X',
	QUEUEDOOR_FULL = 'F'
};

/*
 * queuedoor_enter: begins a message.
 *   home    of the suite
 *   waits   whether to wait until there is a place for it: then it may be large;
 *           else all of it is kept until the answer, which may be that there is
 *           none
 * Returns a descriptor; -1: there is no door, or no place: start qmail-queue.
 */
MUST_CHECK int queuedoor_enter(
    const char *home, enum envelope_submission submission, bool waits);

/*
 * queuedoor_put: sends bytes of the message, then of the envelope, in records.
 * queuedoor_put_end: the end of the message.
 * They return 0; -1 with errno, EPIPE if the other end is gone: its answer may be
 * there.
 */
MUST_CHECK int queuedoor_put(int fd, struct span bytes);
MUST_CHECK int queuedoor_put_end(int fd);

/* queuedoor_break: nothing more will be sent; unless it is whole, the message is
 * refused. */
void queuedoor_break(int fd);

enum queuedoor_end {
	QUEUEDOOR_NO_PLACE = -2,
	QUEUEDOOR_LOST = -1
};

/*
 * queuedoor_answer: waits for the answer; closes nothing.
 *   pid   receives the number for qp, if it is accepted
 * Returns an exit code of qmail-queue, or one of enum queuedoor_end.
 */
MUST_CHECK int queuedoor_answer(int fd, pid_t *pid);

#endif
