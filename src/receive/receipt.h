/*
 * receipt.h - a message on its way to qmail-queue; for all protocols.
 *
 *	receipt_begin(&receipt, &received)
 *	receipt_store(&receipt, bytes) ...
 *	answer = receipt_end(&receipt, &envelope)   or receipt_drop
 */
#ifndef RECEIVE_RECEIPT_H
#define RECEIVE_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "mail/hops.h"
#include "mail/messageid.h"
#include "mail/received.h"
#include "queue/inject.h"

/* What the administrator may choose: control files of these names. */
struct receipt_limits {
	uint64_t data_max;   /* databytes: bytes of a message; 0: no limit */
	uint64_t header_max; /* maxheader: bytes of a header; 0: no limit */
	uint64_t min_free;   /* minfree: bytes that must stay free */
	uint64_t logs_id;    /* logmessageid: 1: the log has Message-IDs */
};

struct receipt {
	struct receipt_limits limits;
	bool is_submitted; /* whoever the client is: he may relay */
	bool is_open;	   /* qmail-queue runs */
	bool is_too_large;
	bool has_lone_cr, has_lone_lf; /* the protocol has noticed */
	struct hops hops;
	struct messageid id; /* only where limits.logs_id says so */
	uint64_t size;	     /* bytes to be stored, our Received not counted */
	struct inject inject;
	struct str words; /* of an answer */
};

/* receipt_limits_read: $DATABYTES and control files.  0, -1 with errno. */
MUST_CHECK int receipt_limits_read(struct receipt_limits *limits);

/* receipt_begin: starts qmail-queue and writes the Received field.  If that
 * fails receipt_end will say so.  limits must be set. */
void receipt_begin(struct receipt *receipt, const struct received *received);

/* receipt_store: bytes of the message, lines ending in LF. */
void receipt_store(struct receipt *receipt, struct span piece);

/* receipt_drop: makes sure that nothing is queued; of no use twice. */
void receipt_drop(struct receipt *receipt);

/* Whom it is from and for, and what is asked of notifications (mail/dsn.h). */
struct receipt_envelope {
	struct span sender, parameters;
	struct span recipients; /* each ends in NUL */
	struct span wishes;	/* parameters of each; likewise, or empty */
};

/*
 * receipt_end: hands over the envelope of a whole message, unless something is
 * wrong with it.
 * Returns the answer, 250 if the message is queued; its words are good until
 * the next receipt_begin.  Then nothing has asked for memory since that: whoever
 * asks for some before the client is told may die, and the message come again.
 */
struct answer
receipt_end(struct receipt *receipt, const struct receipt_envelope *envelope);

/* receipt_qp: after that, the process id of qmail-queue. */
uint64_t receipt_qp(const struct receipt *receipt);

/* receipt_log_id: after that, adds the Message-ID to a line for the log, if that is
 * wanted and it has one. */
void receipt_log_id(const struct receipt *receipt, struct str *line);

/* receipt_has_room: whether a message of so many bytes fits on the disk. */
bool receipt_has_room(const struct receipt_limits *limits, uint64_t size);

#endif
