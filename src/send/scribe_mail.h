/*
 * scribe_mail.h - the messages that the scribe queues: bounces, notices of
 * success, notices to the postmaster.  Each function waits for qmail-queue and
 * returns its process id, 0 if nothing was queued.
 */
#ifndef SEND_SCRIBE_MAIL_H
#define SEND_SCRIBE_MAIL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* What all of them need to know. */
struct scribe_mail {
	uint64_t split;
	struct str me;		/* control/me */
	struct str bounce_from; /* bouncefrom@bouncehost */
	struct str double_to;	/* doublebounceto@doublebouncehost */
};

/* The words that follow the letter of an order; see scribe.h. */
struct scribe_order {
	uint64_t number, channel, birth;
	struct span sender, parameters;
	struct span paragraph; /* or the statuses */
};

/* What the functions below return if the message is refused for good; else the
 * id of the process that queued it, 0 if it could not. */
#define SCRIBE_MAIL_REFUSED (-1)

/* scribe_mail_bounce: from its paragraph, or from bounce/N. */
pid_t scribe_mail_bounce(
    const struct scribe_mail *mail, const struct scribe_order *order);

/* scribe_mail_successes: from its statuses. */
pid_t scribe_mail_successes(
    const struct scribe_mail *mail, const struct scribe_order *order);

/* scribe_mail_notice: to the postmaster, as a double bounce goes. */
pid_t scribe_mail_notice(const struct scribe_mail *mail, struct span words);

#endif
