/*
 * reportmail.h - the messages that carry reports.
 */
#ifndef REPORT_REPORTMAIL_H
#define REPORT_REPORTMAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "reportask.h"
#include "reporting.h"

/* Who reports, and of what. */
struct reportmail_head {
	struct span me, from, domain; /* our name and address, their domain */
	int64_t day;		      /* its first second */
};

/* reportmail_head: that of a domain. */
struct reportmail_head
reportmail_head(const struct reporting *reporting, struct span domain);

/* reportmail_add_name: appends a file name, "us!them!first-second!last-second" and an
 * ending. */
void reportmail_add_name(
    struct str *text, const struct reportmail_head *head, const char *ending);

/*
 * reportmail_add_fields: appends the fields up to that on how it was made, which
 * RFC 8460 5.3 and RFC 9990 have alike.
 *   id     of the report
 *   word   in the Message-ID
 */
void reportmail_add_fields(struct str *text, const struct reportmail_head *head,
    struct span to, struct span id, const char *word, int64_t now);

/*
 * reportmail_add_attachment: appends the fields of a part and its body, which is the
 * report, in base64.
 *   type     "application/gzip"
 *   ending   of the file name
 */
void
reportmail_add_attachment(struct str *text, const struct reportmail_head *head,
    const char *type, const char *ending, struct span packed);

/*
 * reportmail_send: queues a message, unless it is larger than is wanted, and notes that
 * it was sent.
 *   sender   the reverse-path
 * If it cannot be queued descriptor 2 has a line, and the run is incomplete.
 */
void reportmail_send(struct reporting *reporting, struct span domain,
    const struct reportask_wish *wish, struct span sender, struct span text);

#endif
