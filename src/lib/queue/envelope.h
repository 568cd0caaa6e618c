/*
 * envelope.h - envelopes: records of a letter, some bytes without NUL, and a
 * NUL; a record without letter, a lone NUL, is the end.
 *
 * To qmail-queue:   F sender, [E parameters], {[R parameters] T recipient}, end
 * In intd, todo:    u uid, p process id, and the same
 *
 * E and R are extensions of ours: what is asked of notifications (mail/dsn.h);
 * R is of the recipient that follows.  Other letters in intd and todo are
 * passed over.  Source: qmail-queue(8), envelopes(5).
 */
#ifndef QUEUE_ENVELOPE_H
#define QUEUE_ENVELOPE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "sys/in.h"
#include "sys/out.h"

/* Set in the environment of qmail-queue, by who hands it a message that a user
 * submits (RFC 6409) and this host does not only relay; so is RELAYCLIENT.  Then,
 * if there are keys to sign with, E gets a word that says so: SUBMITTED; RESENT, if it
 * is set to anything, as a list does for what others have written. */
#define ENVELOPE_SUBMITTED_SETTING "QMAILSUBMITTED"

enum envelope_submission {
	ENVELOPE_RELAYED,   /* or it came in */
	ENVELOPE_SUBMITTED, /* by one of our users */
	ENVELOPE_RESENT	    /* by a list */
};

/* envelope_submission: what the environment says. */
enum envelope_submission envelope_submission(void);

/* Longest address in bytes; qmail-queue(8) promises 1000. */
#define ENVELOPE_ADDRESS_MAX 1002

enum envelope_letter {
	ENVELOPE_END = '\0',
	ENVELOPE_SENDER = 'F',
	ENVELOPE_PARAMETERS = 'E',
	ENVELOPE_RECIPIENT_PARAMETERS = 'R',
	ENVELOPE_RECIPIENT = 'T'
};

/*
 * envelope_next: reads one record.
 *   in        stream; hostile
 *   allowed   the letters that may come; NULL: any
 *   letter    receives its letter; '\0' for the end record
 *   value     receives the bytes behind the letter, replaced
 * Returns 0; -1 with errno: EPROTO at an early end of input, EBADMSG for a
 * letter that is not allowed (its bytes are not read), EMSGSIZE for more than
 * ENVELOPE_ADDRESS_MAX bytes (the rest is not read), or that of the read.
 */
MUST_CHECK int envelope_next(
    struct in *in, const char *allowed, char *letter, struct str *value);

/*
 * envelope_next_in_order: reads one record of an envelope as qmail-queue takes
 * it, and checks the parameters.
 *   letter   that of the record before, ENVELOPE_END at first; receives its
 * Returns and fails as envelope_next, with EBADMSG also for parameters that
 * are none and an end that comes too early.
 */
MUST_CHECK int
envelope_next_in_order(struct in *in, char *letter, struct str *value);

/*
 * envelope_read_head: reads what stands before the recipients in todo.
 *   uid, pid   of the qmail-queue that made it
 *   sender     receives it, replaced
 * Returns 0; -1 with errno, EBADMSG if the records are not u, p, F.
 */
MUST_CHECK int envelope_read_head(
    struct in *in, uint64_t *uid, uint64_t *pid, struct str *sender);

/*
 * envelope_add, envelope_add_number: adds a record; envelope_add_end: the end.
 * They return nothing: out_flush tells of failures.
 */
void envelope_add(struct out *out, char letter, struct span value);
void envelope_add_number(struct out *out, char letter, uint64_t number);
void envelope_add_end(struct out *out);

#endif
