/*
 * report.c - the text of a delivery status notification.
 * Input: hostile (addresses, parameters, what a server replied)
 */
#include "mail/report.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/bounce.h"
#include "mail/date.h"
#include "mail/dsn.h"

/* What stands for each action. */
static const char *
action_name(const struct report_status *status)
{
	return status->action == REPORT_RELAYED ? "relayed" : "delivered";
}

/* Appends an address, in which nothing ends the line: a _ for what could. */
static void
add_address(struct str *text, struct span address)
{
	bool is_utf8 = utf8_is_valid(address);

	for (size_t i = 0; i < address.len; i++) {
		char c = address.s[i];
		bool is_fine =
		    ascii_is_printable(c) || (is_utf8 && !ascii_is_control(c));

		str_add_byte(text, is_fine ? c : '_');
	}
}

/* Begins a part. */
static void
add_part(struct str *text, const struct report *report, const char *type)
{
	str_add_z(text, "\n--");
	str_add(text, report->boundary);
	str_add_z(text, "\nContent-Type: ");
	str_add_z(text, type);
	if (report->is_beyond_ascii)
		str_add_z(text, "\nContent-Transfer-Encoding: 8bit");
	str_add_z(text, "\n\n");
}

void
report_add_head(struct str *text, const struct report *report)
{
	bounce_add_fields(
	    text, report->now, report->from, report->to, "success notice");
	str_add_z(text,
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"");
	str_add(text, report->boundary);
	str_add_z(text, "\"\n");
	add_part(text, report,
	    report->is_beyond_ascii ? "text/plain; charset=utf-8"
				    : "text/plain; charset=us-ascii");
	str_add_z(text, "Hi. This is the mail system at ");
	str_add(text, report->mta);
	str_add_z(
	    text, ".\nYou asked to be told what becomes of your message.\n\n");
}

/* Appends what a server said, which may be anything. */
static void
add_words(struct str *text, struct span words)
{
	for (size_t i = 0; i < words.len; i++) {
		char c = words.s[i];

		str_add_byte(
		    text, c == '\n' || ascii_is_printable(c) ? c : '?');
	}
	if (words.len && text->s[text->len - 1] != '\n')
		str_add_byte(text, '\n');
}

void
report_add_words(struct str *text, const struct report_status *status)
{
	str_add_byte(text, '<');
	add_address(text, status->address);
	if (status->action == REPORT_RELAYED) {
		str_add_z(text,
		    ">: handed to another mail system,"
		    " which tells no more.\n");
		add_words(text, status->words);
	} else {
		str_add_z(text, ">: delivered.\n");
	}
	str_add_byte(text, '\n');
}

void
report_add_fields(struct str *text, const struct report *report)
{
	struct dsn_envelope envelope;

	add_part(text, report,
	    report->is_beyond_ascii ? "message/global-delivery-status"
				    : "message/delivery-status");
	str_add_z(text, "Reporting-MTA: dns; ");
	str_add(text, report->mta);
	if (dsn_parse_envelope(report->parameters, &envelope) &&
	    envelope.envid.len) {
		str_add_z(text, "\nOriginal-Envelope-Id: ");
		dsn_add_decoded(text, envelope.envid);
	}
	str_add_z(text, "\nArrival-Date: ");
	date_add_utc(text, report->arrival);
	str_add_byte(text, '\n');
}

/* The address that the sender gave, with its type. */
static void
add_original_recipient(struct str *text, struct span orcpt)
{
	size_t semicolon = span_find(orcpt, ';');

	str_add_z(text, "Original-Recipient: ");
	str_add(text, span_upto(orcpt, semicolon));
	str_add_z(text, "; ");
	dsn_add_decoded(text, span_from(orcpt, semicolon + 1));
	str_add_byte(text, '\n');
}

void
report_add_status(struct str *text, const struct report *report,
    const struct report_status *status)
{
	struct dsn_recipient recipient;

	str_add_byte(text, '\n');
	if (dsn_parse_recipient(status->parameters, &recipient) &&
	    recipient.orcpt.len)
		add_original_recipient(text, recipient.orcpt);
	str_add_z(text, "Final-Recipient: ");
	str_add_z(text, report->is_beyond_ascii ? "utf-8; " : "rfc822; ");
	add_address(text, status->address);
	str_add_z(text, "\nAction: ");
	str_add_z(text, action_name(status));
	str_add_z(text, "\nStatus: 2.0.0\n");
}

void
report_add_original(struct str *text, const struct report *report)
{
	/* A header may have anything in it. */
	add_part(text, report,
	    report->is_beyond_ascii
		? "message/global-headers"
		: "text/rfc822-headers\nContent-Transfer-Encoding: 8bit");
}

void
report_add_end(struct str *text, const struct report *report)
{
	str_add_z(text, "\n--");
	str_add(text, report->boundary);
	str_add_z(text, "--\n");
}
