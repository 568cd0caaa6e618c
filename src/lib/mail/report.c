/*
 * report.c - the text of a delivery status notification.
 * Input: hostile (addresses, parameters, what a server replied)
 */
#include "mail/report.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/bounce.h"
#include "mail/date.h"
#include "mail/diagnosis.h"
#include "mail/dsn.h"
#include "mail/quote.h"

#define REPLY_MAX 600 /* bytes of a Diagnostic-Code; a line has 998 */
#define HOST_MAX  255 /* bytes of the name of a server */

/* What stands for each action. */
static const char *
action_name(enum report_action action)
{
	switch (action) {
	case REPORT_RELAYED:
		return "relayed";
	case REPORT_FAILED:
		return "failed";
	case REPORT_DELAYED:
		return "delayed";
	default:
		return "delivered";
	}
}

/* Appends text in which nothing ends the line: a _ for what could. */
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
add_encoded_part(struct str *text, const struct report *report,
    const char *type, const char *encoding)
{
	str_add_z(text, "\n--");
	str_add(text, report->head.id);
	str_add_z(text, "\nContent-Type: ");
	str_add_z(text, type);
	str_add_z(text, "\nContent-Transfer-Encoding: ");
	str_add_z(text, encoding);
	str_add_z(text, "\n\n");
}

/* Begins one in which addresses and words may have 8-bit text. */
static void
add_part(struct str *text, const struct report *report, const char *type)
{
	add_encoded_part(text, report, type, "8bit");
}

/* The first words, before those on each recipient.  A bounce alone begins with
 * the "Hi." of QSBMF, by which list managers know whose addresses failed. */
static void
add_intro(struct str *text, const struct report *report)
{
	if (report->kind == REPORT_OF_FAILURE) {
		bounce_add_intro(text, report->head.from,
		    report->is_double ? BOUNCE_DOUBLE : BOUNCE_SINGLE);
		return;
	}
	str_add_z(text, "This is the qmail-send program at ");
	str_add(text, report->mta);
	str_add_z(text,
	    report->kind == REPORT_OF_DELAY
		? ".\nYour message could not be delivered yet to the addresses "
		  "below.  It stays here\nand is tried again; you need not send "
		  "it once more.\n\n"
		: ".\nYou asked to be told what becomes of your message.\n\n");
}

void
report_add_head(struct str *text, const struct report *report)
{
	static const char *const subjects[] = { [REPORT_OF_SUCCESS] =
						    "success notice",
		[REPORT_OF_FAILURE] = "failure notice",
		[REPORT_OF_DELAY] = "delay notice" };

	bounce_add_fields(text, &report->head, subjects[report->kind]);
	str_add_z(text,
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"");
	str_add(text, report->head.id);
	str_add_z(text, "\"\nContent-Transfer-Encoding: 8bit\n");
	add_part(text, report, "text/plain; charset=utf-8");
	add_intro(text, report);
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
	} else if (status->action == REPORT_DELAYED) {
		str_add_z(text, ">:\n");
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

	if (report->is_beyond_ascii)
		add_part(text, report, "message/global-delivery-status");
	else /* RFC 3464 2.1: 7bit must be used */
		add_encoded_part(
		    text, report, "message/delivery-status", "7bit");
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

/* Appends text to a field: one line of printable ASCII. */
static void
add_line(struct str *text, struct span value, size_t max)
{
	value = span_upto(value, max);
	while (value.len &&
	    (value.s[value.len - 1] == '\n' || value.s[value.len - 1] == ' '))
		value.len--;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.s[i] == '\n' ? ' ' : value.s[i];

		str_add_byte(text, ascii_is_printable(c) ? c : '?');
	}
	str_add_byte(text, '\n');
}

/* An address of which only programs read: quoted where it needs to be. */
static void
add_final_recipient(struct str *text, struct span address)
{
	struct str quoted = STR_INIT;

	quote_add_address(&quoted, address);
	add_address(text, str_span(&quoted));
	str_free(&quoted);
}

/* The name of a server; an address stands in brackets (RFC 5321 4.1.3). */
static void
add_server(struct str *text, struct span host)
{
	bool is_six = span_has(host, ':'), is_address = host.len > 0;

	for (size_t i = 0; i < host.len; i++)
		if (!ascii_is_digit(host.s[i]) && host.s[i] != '.')
			is_address = false;
	str_add_z(text, is_six ? "[IPv6:" : is_address ? "[" : "");
	add_line(text, host, HOST_MAX);
	if (!is_six && !is_address)
		return;
	text->s[text->len - 1] = ']';
	str_add_byte(text, '\n');
}

/* The code of a status: what the words say, if it fits the action. */
static void
add_code(struct str *text, enum report_action action,
    const struct diagnosis *diagnosis)
{
	bool is_of_reply = diagnosis->reply.len && diagnosis->reply.s[0] == '4';

	if (action == REPORT_DELAYED) {
		str_add_byte(text, '4');
	} else if (action != REPORT_FAILED) {
		str_add_z(text, "2.0.0");
		return;
	} else if (diagnosis->status.len) {
		str_add_byte(text, diagnosis->status.s[0]);
	} else {
		str_add_byte(text, is_of_reply ? '4' : '5');
	}
	if (diagnosis->status.len)
		str_add(text, span_from(diagnosis->status, 1));
	else
		str_add_z(text, ".0.0");
}

/* Which server, and what it said; or what we say. */
static void
add_diagnosis(struct str *text, const struct report_status *status,
    const struct diagnosis *diagnosis)
{
	if (diagnosis->reply.len) {
		str_add_z(text, "Remote-MTA: dns; ");
		add_server(text, diagnosis->host);
		str_add_z(text, "Diagnostic-Code: smtp; ");
		add_line(text, diagnosis->reply, REPLY_MAX);
	} else if (status->words.len) {
		str_add_z(text, "Diagnostic-Code: x-qmail; ");
		add_line(text, status->words, REPLY_MAX);
	}
}

void
report_add_status(struct str *text, const struct report *report,
    const struct report_status *status)
{
	bool is_bad =
	    status->action == REPORT_FAILED || status->action == REPORT_DELAYED;
	struct diagnosis diagnosis =
	    diagnosis_of(is_bad ? status->words : SPAN(""));
	struct dsn_recipient recipient;

	str_add_byte(text, '\n');
	if (dsn_parse_recipient(status->parameters, &recipient) &&
	    recipient.orcpt.len)
		add_original_recipient(text, recipient.orcpt);
	str_add_z(text, "Final-Recipient: ");
	str_add_z(text, report->is_beyond_ascii ? "utf-8; " : "rfc822; ");
	add_final_recipient(text, status->address);
	str_add_z(text, "\nAction: ");
	str_add_z(text, action_name(status->action));
	str_add_z(text, "\nStatus: ");
	add_code(text, status->action, &diagnosis);
	str_add_byte(text, '\n');
	if (is_bad)
		add_diagnosis(text, status, &diagnosis);
	if (status->action == REPORT_DELAYED) {
		str_add_z(text, "Will-Retry-Until: ");
		date_add_utc(text, report->retry_until);
		str_add_byte(text, '\n');
	}
}

void
report_add_original(
    struct str *text, const struct report *report, bool is_whole)
{
	if (report->is_double && is_whole)
		add_part(text, report, "text/plain; charset=unknown-8bit");
	else if (report->is_beyond_ascii)
		add_part(text, report,
		    is_whole ? "message/global" : "message/global-headers");
	else
		add_part(text, report,
		    is_whole ? "message/rfc822" : "text/rfc822-headers");
}

void
report_add_end(struct str *text, const struct report *report)
{
	str_add_z(text, "\n--");
	str_add(text, report->head.id);
	str_add_z(text, "--\n");
}
