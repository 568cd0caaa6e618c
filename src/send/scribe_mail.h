/*
 * scribe_mail.h - the messages that the scribe queues: bounces, notices of
 * success and of delay, notices to the postmaster.  Each function waits for
 * qmail-queue and returns its process id, 0 if nothing was queued,
 * SCRIBE_MAIL_REFUSED if it is refused for good.
 */
#ifndef SEND_SCRIBE_MAIL_H
#define SEND_SCRIBE_MAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

#define SCRIBE_MAIL_REFUSED (-1)

/* What all of them need to know. */
struct scribe_mail {
	uint64_t split;
	struct str me;		/* control/me */
	struct str bounce_from; /* bouncefrom@bouncehost */
	struct str double_to;	/* doublebounceto@doublebouncehost */
	bool makes_reports;	/* control/bounceformat is dsn */
	uint64_t copy_max;	/* control/bouncemaxbytes; UINT64_MAX: all */
	unsigned patience;	/* control/timeoutbounce */
};

/* The words that follow the letter of an order; see scribe.h. */
struct scribe_order {
	uint64_t number, channel, birth, retry_until;
	struct span sender, parameters;
	struct span paragraph; /* or the statuses */
};

/* scribe_mail_bounce: from its paragraph, or from bounce/N. */
pid_t scribe_mail_bounce(
    const struct scribe_mail *mail, const struct scribe_order *order);

/* scribe_mail_statuses: of successes, or of delays, from its statuses. */
pid_t scribe_mail_statuses(
    const struct scribe_mail *mail, const struct scribe_order *order);

/* scribe_mail_notice: its paragraph, to the postmaster, as a double bounce
 * goes. */
pid_t scribe_mail_notice(
    const struct scribe_mail *mail, const struct scribe_order *order);

#endif
