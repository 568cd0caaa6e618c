/*
 * qmtp.h - what qmail-qmtpd and qmail-qmqpd share: a client that speaks in
 * netstrings, how its session ends, and what it is answered.
 */
#ifndef RECEIVE_QMTP_H
#define RECEIVE_QMTP_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "base/attr.h"
#include "net/netstring.h"
#include "receipt.h"
#include "sys/in.h"
#include "sys/out.h"

#define QMTP_SESSION_SECONDS 3600	  /* all that a client may take */
#define QMTP_LATE_SECONDS    60		  /* for answers to be taken then */
#define QMTP_ADDRESS_MAX     999	  /* bytes; with $RELAYCLIENT */
#define QMTP_ADDRESS_READ    65536	  /* of one that is refused */
#define QMTP_LENGTH_MAX	     999999999999 /* of any netstring */
#define QMTP_RECIPIENTS_MAX  (16u << 20)  /* bytes of all recipients */
#define QMTP_IN_BUFFER	     65536
#define QMTP_OUT_BUFFER	     4096

struct qmtp {
	const char *program; /* "qmtpd", for the log */
	struct in in;
	struct out out;
	struct netstring client; /* reads from in */
	struct span host, user, ip, by;
	struct receipt receipt;
	int64_t started; /* clock_monotonic */
	/* The message. */
	struct str sender;
	bool is_sender_bad;
	struct str recipients; /* that are taken; each ends in NUL */
	uint64_t recipient_count;
	struct str address; /* the recipient that is being read */
	/* What was accepted, for the log. */
	uint64_t messages, refusals;
};

/* qmtp_open: reads the environment and sets up descriptors 0 and 1. */
void qmtp_open(struct qmtp *qmtp, const char *program,
    char in_buffer[QMTP_IN_BUFFER], char out_buffer[QMTP_OUT_BUFFER]);

/* qmtp_begin: a new message, with its Received field. */
void qmtp_begin(struct qmtp *qmtp, struct span protocol);

/* qmtp_read_text: so many bytes of the message, as they are, and the comma. */
void qmtp_read_text(struct qmtp *qmtp, uint64_t length);

/* qmtp_read_sender: an address that is too long or has a NUL is bad. */
void qmtp_read_sender(struct qmtp *qmtp);

/*
 * qmtp_read_recipient: the next recipient, into qmtp->address.
 * Returns 1; 0: there are no more; -1: it is too long or has a NUL.
 */
MUST_CHECK int qmtp_read_recipient(struct qmtp *qmtp);

/* qmtp_queue: hands the whole message over, and tells the log if it was
 * accepted.  Returns as receipt_end. */
struct answer qmtp_queue(struct qmtp *qmtp);

/* qmtp_answer: appends an answer as a netstring; refusals are logged. */
void
qmtp_answer(struct qmtp *qmtp, struct answer answer, struct span recipient);

/* How a session ends. */
enum qmtp_end {
	QMTP_OVER,     /* the client has said all */
	QMTP_GONE,     /* it broke the connection */
	QMTP_TIMEOUT,  /* it is too slow */
	QMTP_PROTOCOL, /* it does not speak netstrings */
	QMTP_TOO_LONG, /* it speaks of too much */
	QMTP_CONTROL,  /* our configuration cannot be used */
	QMTP_MEMORY,
};

/* qmtp_end: sends the answers that wait, and ends the process; what was not
 * whole is not queued.  qmtp NULL: nothing is sent or logged. */
NORETURN void qmtp_end(struct qmtp *qmtp, enum qmtp_end why);

/* qmtp_end_by_errno: because a function of netstring.h has failed. */
NORETURN void qmtp_end_by_errno(struct qmtp *qmtp, int number);

#endif
