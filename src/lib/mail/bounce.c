/*
 * bounce.c - the text of a bounce.
 * Input: hostile (addresses, reports)
 */
#include "mail/bounce.h"

#include "mail/date.h"
#include "mail/fromline.h"
#include "mail/quote.h"

enum bounce_kind
bounce_kind_of(struct span original_sender)
{
	if (original_sender.len == 0)
		return BOUNCE_DOUBLE;
	return span_equal(original_sender, SPAN(BOUNCE_DOUBLE_SENDER))
	    ? BOUNCE_TRIPLE
	    : BOUNCE_SINGLE;
}

struct span
bounce_recipient(struct span original_sender)
{
	if (span_ends(original_sender, SPAN("-@[]")))
		return span_upto(original_sender, original_sender.len - 4);
	return original_sender;
}

void
bounce_add_paragraph(
    struct str *text, struct span recipient, struct span report)
{
	str_add_byte(text, '<');
	for (size_t i = 0; i < recipient.len; i++)
		str_add_byte(
		    text, recipient.s[i] == '\n' ? '_' : recipient.s[i]);
	str_add_z(text, ">:\n");
	while (report.len && report.s[report.len - 1] == '\n')
		report.len--;
	for (size_t i = 0; i < report.len; i++) {
		/* An empty line would end the paragraph. */
		bool is_empty_line =
		    report.s[i] == '\n' && text->s[text->len - 1] == '\n';

		str_add_byte(text, is_empty_line ? '/' : report.s[i]);
	}
	if (report.len)
		str_add_byte(text, '\n');
	str_add_byte(text, '\n');
}

static void
add_mailbox_field(struct str *text, const char *name, struct span mailbox)
{
	size_t start;

	str_add_z(text, name);
	start = text->len;
	quote_add_address(text, mailbox);
	for (size_t i = start; i < text->len; i++)
		if (text->s[i] == '\n')
			text->s[i] = '_';
	str_add_byte(text, '\n');
}

static const char single_intro[] =
    ".\nYour message could not be delivered to the addresses below.  No more\n"
    "tries will be made for them.\n\n";
static const char double_intro[] =
    ".\nA notice about mail that failed could not be delivered either:\n\n";

void
bounce_add_fields(struct str *text, int64_t now, struct span from,
    struct span to, const char *subject)
{
	str_add_z(text, "Date: ");
	date_add_utc(text, now);
	add_mailbox_field(text, "\nFrom: ", from);
	add_mailbox_field(text, "To: ", to);
	str_add_z(text, "Subject: ");
	str_add_z(text, subject);
	str_add_byte(text, '\n');
}

void
bounce_add_head(struct str *text, int64_t now, struct span from, struct span to,
    enum bounce_kind kind)
{
	size_t at = span_find_last(from, '@');

	bounce_add_fields(text, now, from, to, "failure notice");
	str_add_z(text, "\nHi. This is the mail system at ");
	str_add(text, span_from(from, at + 1));
	str_add_z(text, kind == BOUNCE_DOUBLE ? double_intro : single_intro);
}

void
bounce_add_notice(struct str *text, int64_t now, struct span from,
    struct span to, struct span words)
{
	bounce_add_fields(
	    text, now, from, to, "a message was lost from the queue");
	str_add_byte(text, '\n');
	str_add(text, words);
}

void
bounce_add_break(
    struct str *text, struct span original_sender, enum bounce_copy copy)
{
	str_add_z(text, "--- What follows is ");
	str_add_z(text,
	    copy == BOUNCE_HEADER ? "the header of the message.\n\n"
				  : "a copy of the message.\n\n");
	fromline_add_return_path(text, bounce_recipient(original_sender));
}
