/*
 * tidylines.h - a header that comes line by line, put in order by tidyhead.h.
 *
 *	struct tidylines lines;
 *	tidylines_begin(&lines)
 *	tidylines_take(&lines, &wishes, line) for each line, as long as it is one
 *	of the header; then tidylines_end, tidyhead_write(&lines.head, ...), and
 *	in the end tidylines_find_fault
 *
 * Source: ofmipd(8), qmail-smtpd(8).  Input: hostile
 */
#ifndef MAIL_TIDYLINES_H
#define MAIL_TIDYLINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "base/str.h"
#include "mail/mailboxes.h"
#include "mail/tidyhead.h"

/* Bytes of a header; addresses it may have MAILBOXES_MAX. */
#define TIDYLINES_MAX (1u << 20)

struct tidylines {
	struct tidyhead head;
	struct str field; /* that is not complete yet */
	size_t size;	  /* bytes of all lines */
};

/* What becomes of the fields. */
struct tidylines_wishes {
	struct span rules;    /* for hosts; see hostrules.h */
	bool is_without_from; /* From is left out */
	/* Mailboxes of From, Sender, Resent-From and Resent-Sender are appended;
	 * or NULL. */
	struct mailboxes *authors;
};

enum tidylines_result {
	TIDYLINES_TAKEN,
	TIDYLINES_BODY,	     /* the header was complete before this line */
	TIDYLINES_TOO_LARGE, /* over TIDYLINES_MAX; the line was not taken */
};

/* tidylines_begin: an empty header. */
void tidylines_begin(struct tidylines *lines);

/* tidylines_take: takes a line, with its newline, which the last of a message may
 * lack. */
enum tidylines_result tidylines_take(struct tidylines *lines,
    const struct tidylines_wishes *wishes, struct span line);

/* tidylines_end: there are no more lines. */
void
tidylines_end(struct tidylines *lines, const struct tidylines_wishes *wishes);

/* tidylines_find_fault: NULL, or the reply to a message whose header has more
 * bytes or addresses than we take. */
const char *tidylines_find_fault(const struct tidylines *lines);

void tidylines_free(struct tidylines *lines);

#endif
