/*
 * scribe_report.h - notifications in the form of RFC 3464.  The functions
 * write a whole message; they return false if it must not be queued.
 */
#ifndef SEND_SCRIBE_REPORT_H
#define SEND_SCRIBE_REPORT_H

#include <stdbool.h>

#include "base/attr.h"
#include "mail/bounce.h"
#include "queue/inject.h"

#include "asked.h"
#include "scribe_mail.h"

/*
 * scribe_report_failures: a bounce.
 *   head    from and to
 *   asked   open, at its beginning
 */
MUST_CHECK bool scribe_report_failures(struct inject *inject,
    const struct scribe_mail *mail, const struct scribe_order *order,
    enum bounce_kind kind, const struct bounce_head *head, struct asked *asked);

/* scribe_report_statuses: the successes, or the delays, of an order. */
MUST_CHECK bool
scribe_report_statuses(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order, const struct bounce_head *head);

#endif
