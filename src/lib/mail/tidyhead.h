/*
 * tidyhead.h - a message header put in order: address fields completed and
 * merged, what is missing added, what is nobody's business left out.
 *
 *	struct tidyhead head;
 *	tidyhead_begin(&head, max)
 *	tidyhead_field(&head, rules, field) for each field ...
 *	tidyhead_add_from(...), if tidyhead_has_from says no
 *	tidyhead_write(&head, &text, now, id_host, unique)
 *
 * Order: fields of the way (Received, Delivered-To, Errors-To,
 * Return-Receipt-To, Resent-*) as they came; Date, Message-ID, From, Sender,
 * Reply-To, Mail-Reply-To, Mail-Followup-To, To, Cc,
 * Notice-Requested-Upon-Delivery-To; all others as they came.  Dropped: Bcc,
 * Apparently-To, Content-Length, Return-Path.
 * Source: ofmipd(8), new-inject(1).  Input: hostile
 */
#ifndef MAIL_TIDYHEAD_H
#define MAIL_TIDYHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mail/mailboxes.h"

#define TIDYHEAD_LINE_MAX 78 /* columns; a line is folded before that */

struct tidyhead {
	struct str way, message_ids, others;
	struct str lists[HEADER_FIELDS]; /* mailboxes, ready to be written */
	size_t columns[HEADER_FIELDS];	 /* of the last line of each */
	struct date date;
	bool has_date;
	size_t room;	   /* mailboxes that may come still */
	bool has_too_many; /* one field had more: it was not taken whole */
};

/*
 * tidyhead_begin: an empty header.
 *   max   mailboxes that all its fields may have together
 */
void tidyhead_begin(struct tidyhead *head, size_t max);

/*
 * tidyhead_field: takes a field.  If it has more mailboxes than may come still,
 * or one that mailboxes_parse does not take, head->has_too_many says so, and the
 * header is of no use.
 *   rules   for hosts; see hostrules.h
 *   field   the whole of it, folds and final newline included
 *   found   its mailboxes are appended, completed; NULL: not wanted
 */
void tidyhead_field(struct tidyhead *head, struct span rules, struct span field,
    struct mailboxes *found);

/* tidyhead_add: adds one mailbox to an address field. */
void tidyhead_add(struct tidyhead *head, enum header_field field,
    const struct mailbox *mailbox);

/* tidyhead_has: whether an address field has anybody in it. */
bool tidyhead_has(const struct tidyhead *head, enum header_field field);

/*
 * tidyhead_write: appends the header, without the blank line behind it.
 *   now       seconds since 1970, for a missing date
 *   id_host   right side of a missing Message-ID
 *   unique    a number to make its left side different from any other
 * Without To and Cc there will be "Cc: recipient list not shown: ;".
 */
void tidyhead_write(const struct tidyhead *head, struct str *text, int64_t now,
    struct span id_host, uint64_t unique);

void tidyhead_free(struct tidyhead *head);

#endif
