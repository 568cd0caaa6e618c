/*
 * sendcount.h - how much mail a user who has logged in has sent in an hour, asked
 * of qmail-authd over a socket.
 *
 *	question   U name NUL
 *	           N recipients NUL   of a message that begins
 *	answer     K NUL              it is counted
 *	           L NUL              it would be too much, and is not
 *	           Z NUL              cannot be told now
 *
 * One question on a connection; the door is that of logincheck.h.
 * Source: qmail-authd(8).
 */
#ifndef QUEUE_SENDCOUNT_H
#define QUEUE_SENDCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

#define SENDCOUNT_NAME	     'U'
#define SENDCOUNT_RECIPIENTS 'N'
#define SENDCOUNT_MAX	     1000000000 /* recipients */

enum sendcount_answer {
	SENDCOUNT_TAKEN = 'K',
	SENDCOUNT_TOO_MANY = 'L',
	SENDCOUNT_LATER = 'Z',
};

/* sendcount_ask: counts a message.  The working folder is the home of the
 * suite.  If the service is dead, full or too slow, it is SENDCOUNT_LATER. */
MUST_CHECK enum sendcount_answer
sendcount_ask(struct span name, uint64_t recipients);

/* sendcount_parse: takes a question apart; name lies in it.  Returns false if it
 * is none: a name is not empty, and has no more bytes than one that logs in. */
MUST_CHECK bool
sendcount_parse(struct span record, struct span *name, uint64_t *recipients);

#endif
