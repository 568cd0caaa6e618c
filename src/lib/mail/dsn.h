/*
 * dsn.h - what a sender asks of notifications: the parameters that RFC 3461
 * adds to MAIL and RCPT, which envelopes carry as they were given.
 *
 *	of the envelope    RET=FULL or RET=HDRS, ENVID=xtext; and, because it
 *	                   takes the same way, REQUIRETLS (RFC 8689), and
 *	                   SUBMITTED or RESENT, which qmail-queue adds
 *	of a recipient     NOTIFY=NEVER, or a list of SUCCESS, FAILURE and
 *	                   DELAY, and ORCPT=type;xtext
 *
 * Each may be missing and comes once at most; they stand behind single blanks,
 * in any order.  Input: hostile.  Source: RFC 3461 4, RFC 6533 3.
 */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

#define DSN_ENVID_MAX 100 /* bytes of the value of ENVID */
#define DSN_ORCPT_MAX 500 /* bytes of the value of ORCPT */

struct dsn_envelope {
	enum dsn_return {
		DSN_RETURN_ANY, /* RET is missing */
		DSN_RETURN_FULL,
		DSN_RETURN_HEADER
	} returns;
	struct span envid; /* xtext; empty: missing */
	bool needs_tls;	   /* REQUIRETLS */
	/* SUBMITTED: by a user of this host, not relayed by it.  Never a word of
	 * SMTP: it goes through envelopes of ours alone. */
	bool is_submitted;
	/* RESENT: by a list of this host, whoever its author is; likewise. */
	bool is_resent;
};

/* What is to be told: NOTIFY as a set.  0: it is missing, as if it asked for
 * failures. */
enum dsn_notify {
	DSN_NEVER = 1,
	DSN_SUCCESS = 2,
	DSN_FAILURE = 4,
	DSN_DELAY = 8
};

struct dsn_recipient {
	unsigned notify;
	struct span orcpt; /* with its type; empty: missing */
};

enum dsn_taken {
	DSN_TAKEN,
	DSN_OTHER, /* this is none of these parameters */
	DSN_BROKEN /* it is, but not a good one, or the second */
};

/* dsn_take_envelope, dsn_take_recipient: take one parameter of SMTP; what they keep
 * points into word.  Upper and lower case of names and words count as one. */
enum dsn_taken
dsn_take_envelope(struct dsn_envelope *envelope, struct span word);
enum dsn_taken
dsn_take_recipient(struct dsn_recipient *recipient, struct span word);

/* dsn_asks: whether the envelope asks for anything. */
bool dsn_asks(const struct dsn_envelope *envelope);

/* dsn_parse_envelope, dsn_parse_recipient: read what an envelope carries.
 * Return false if a word of it is none of these, or broken. */
MUST_CHECK bool
dsn_parse_envelope(struct span parameters, struct dsn_envelope *envelope);
MUST_CHECK bool
dsn_parse_recipient(struct span parameters, struct dsn_recipient *recipient);

/* dsn_add_envelope, dsn_add_recipient: append it as an envelope carries it;
 * nothing if all is missing. */
void dsn_add_envelope(struct str *text, const struct dsn_envelope *envelope);
void dsn_add_recipient(struct str *text, const struct dsn_recipient *recipient);

/* dsn_wants_failure: whether the recipient's failure is to be told. */
bool dsn_wants_failure(const struct dsn_recipient *recipient);

/* dsn_without_success: takes that out; if it was all, nothing is wanted. */
void dsn_without_success(struct dsn_recipient *recipient);

/* dsn_add_xtext: appends bytes as xtext. */
void dsn_add_xtext(struct str *text, struct span bytes);

/* dsn_add_decoded: appends what an xtext stands for; of bytes that are not
 * printable ASCII a ?, for it goes into a field. */
void dsn_add_decoded(struct str *text, struct span xtext);

#endif
