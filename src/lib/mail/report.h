/*
 * report.h - the text of a delivery status notification (RFC 3464): words for
 * people, fields for programs, and what is returned of the message.
 *
 *	report_add_head; report_add_words for each recipient;
 *	report_add_fields; report_add_status for each recipient;
 *	report_add_original, the header or the message; report_add_end
 *
 * Input: hostile (addresses, parameters, what a server replied).
 */
#ifndef MAIL_REPORT_H
#define MAIL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "mail/bounce.h"

/* What the sender is told. */
enum report_kind {
	REPORT_OF_SUCCESS,
	REPORT_OF_FAILURE,
	REPORT_OF_DELAY
};

struct report {
	enum report_kind kind;
	bool is_double;		 /* REPORT_OF_FAILURE: of a bounce */
	struct bounce_head head; /* its id: the boundary of parts as well */
	int64_t arrival;	 /* seconds */
	int64_t retry_until;	 /* REPORT_OF_DELAY: seconds */
	struct span mta;	 /* our name */
	struct span parameters;	 /* of the envelope, see dsn.h */
	bool is_beyond_ascii;	 /* an address is (RFC 6533) */
};

/* What became of a recipient. */
struct report_status {
	enum report_action {
		REPORT_DELIVERED = 'd',
		REPORT_RELAYED = 'r', /* to a host that tells nothing */
		REPORT_FAILED = 'f',
		REPORT_DELAYED = 'w'
	} action;
	struct span address;
	struct span parameters; /* of the recipient, see dsn.h */
	struct span words;	/* of the delivery; see diagnosis.h */
};

void report_add_head(struct str *text, const struct report *report);

/*
 * report_add_words: words on a recipient.  Those of a delivery here that went
 * well are left out: what programs say is for the log.  Of failures a bounce
 * has paragraphs already, which take the place of these words.
 */
void report_add_words(struct str *text, const struct report_status *status);

void report_add_fields(struct str *text, const struct report *report);
void report_add_status(struct str *text, const struct report *report,
    const struct report_status *status);

/*
 * report_add_original: begins the last part: the header of the message, or all
 * of it.  Of a bounce that could not be delivered it is text: else programs look
 * for fields in there as well, and take its recipient for the one that failed.
 */
void report_add_original(
    struct str *text, const struct report *report, bool is_whole);

void report_add_end(struct str *text, const struct report *report);

#endif
