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

bool
bounce_parse_paragraph(
    struct span paragraph, struct span *recipient, struct span *words)
{
	struct span line;

	if (!span_cut_next(&paragraph, '\n', &line) ||
	    !span_starts(line, SPAN("<")) || !span_ends(line, SPAN(">:")))
		return false;
	*recipient = span_make(line.s + 1, line.len - 3);
	*words = paragraph;
	return true;
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

/* What follows the @ of a mailbox. */
static struct span
host_of(struct span mailbox)
{
	return span_from(mailbox, span_find_last(mailbox, '@') + 1);
}

void
bounce_add_fields(
    struct str *text, const struct bounce_head *head, const char *subject)
{
	str_add_z(text, "Date: ");
	date_add_utc(text, head->now);
	add_mailbox_field(text, "\nFrom: ", head->from);
	add_mailbox_field(text, "To: ", head->to);
	str_add_z(text, "Subject: ");
	str_add_z(text, subject);
	str_add_byte(text, '\n');
	if (head->id.len == 0)
		return;
	str_add_z(text, "Message-ID: <");
	str_add(text, head->id);
	str_add_byte(text, '@');
	str_add(text, host_of(head->from));
	str_add_z(text, ">\nAuto-Submitted: auto-replied\n");
}

void
bounce_add_intro(struct str *text, struct span from, enum bounce_kind kind)
{
	str_add_z(text, "Hi. This is the qmail-send program at ");
	str_add(text, host_of(from));
	str_add_z(text, kind == BOUNCE_DOUBLE ? double_intro : single_intro);
}

void
bounce_add_head(
    struct str *text, const struct bounce_head *head, enum bounce_kind kind)
{
	bounce_add_fields(text, head, "failure notice");
	str_add_byte(text, '\n');
	bounce_add_intro(text, head->from, kind);
}

void
bounce_add_notice(
    struct str *text, const struct bounce_head *head, struct span words)
{
	bounce_add_fields(text, head, "a message was lost from the queue");
	str_add_byte(text, '\n');
	str_add(text, words);
}

void
bounce_add_break(struct str *text, enum bounce_copy copy)
{
	str_add_z(text, "--- Below this line is a copy of the message.\n");
	if (copy == BOUNCE_HEADER)
		str_add_z(text, "Its sender wants no more than the header.\n");
	str_add_byte(text, '\n');
}

void
bounce_add_return_path(struct str *text, struct span original_sender)
{
	fromline_add_return_path(text, bounce_recipient(original_sender));
}
