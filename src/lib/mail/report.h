/*
 * report.h - the text of a delivery status notification (RFC 3464), which a
 * sender gets who asked to be told of successes: words for people, fields for
 * programs, and the header of the message.
 *
 *	report_add_head; report_add_words for each recipient;
 *	report_add_fields; report_add_status for each recipient;
 *	report_add_original, the header; report_add_end
 *
 * Input: hostile (addresses, parameters, what a server replied).
 */
#ifndef MAIL_REPORT_H
#define MAIL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct report {
	int64_t now, arrival;	/* seconds */
	struct span from, to;	/* mailboxes */
	struct span mta;	/* our name */
	struct span boundary;	/* occurs nowhere else */
	struct span parameters; /* of the envelope, see dsn.h */
	bool is_beyond_ascii;	/* an address is (RFC 6533) */
};

/* What became of a recipient. */
struct report_status {
	enum report_action {
		REPORT_DELIVERED = 'd',
		REPORT_RELAYED = 'r' /* to a host that tells nothing */
	} action;
	struct span address;
	struct span parameters; /* of the recipient, see dsn.h */
	struct span words;	/* of the server, for REPORT_RELAYED alone */
};

void report_add_head(struct str *text, const struct report *report);
/* Without words of a delivery here: those of programs are for the log. */
void report_add_words(struct str *text, const struct report_status *status);
void report_add_fields(struct str *text, const struct report *report);
void report_add_status(struct str *text, const struct report *report,
    const struct report_status *status);
void report_add_original(struct str *text, const struct report *report);
void report_add_end(struct str *text, const struct report *report);

#endif
