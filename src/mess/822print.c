/*
 * 822print.c - shows a message to people: who, when, about what; its text.
 * Runs as   anybody.
 * Reads     a message on fd 0, hostile.
 * Writes    it to fd 1, without what moves a cursor.
 * Source    822print(1).
 */
#include <errno.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/must.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mail/mailboxes.h"
#include "mess_input.h"
#include "queue/headerin.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/out.h"

#define TEMPORARY_EXIT 111

/* The fields that are shown, in this order. */
static const struct {
	enum header_field field;
	const char *name;
} shown[] = {
	{ HEADER_DATE, "Date: " },
	{ HEADER_FROM, "From: " },
	{ HEADER_TO, "To: " },
	{ HEADER_CC, "Cc: " },
	{ HEADER_REPLY_TO, "Reply-To: " },
	{ HEADER_SUBJECT, "Subject: " },
};

static void
out_of_memory(void)
{
	errno = ENOMEM;
	error_cannot("822print", "get", "memory");
}

/* Line ends stay, if lines are wanted; CR before them goes. */
static void
add_clean(struct str *text, struct span bytes, bool has_lines)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.s[i];

		if (c == '\r' && i + 1 < bytes.len && bytes.s[i + 1] == '\n')
			continue;
		if (c == '\n' && !has_lines)
			continue;
		if (c != '\n' && c != '\t' && ascii_is_control(c))
			c = '?';
		str_add_byte(text, c);
	}
}

/* "Name <address>, ..." */
static void
add_mailboxes(struct str *text, struct span body)
{
	struct mailboxes list = MAILBOXES_INIT;
	struct str one = STR_INIT;
	bool is_whole;

	is_whole = mailboxes_parse(&list, body, MAILBOXES_MAX);
	for (size_t i = 0; i < list.all.len; i++) {
		const struct mailbox *mailbox = &list.all.at[i];

		str_reset(&one);
		str_add(&one, str_span(&mailbox->name));
		if (mailbox->name.len)
			str_add_z(&one, " <");
		mailboxes_add_address(&one, mailbox);
		if (mailbox->name.len)
			str_add_byte(&one, '>');
		if (i > 0)
			str_add_z(text, ", ");
		add_clean(text, str_span(&one), false);
	}
	if (!is_whole)
		str_add_z(text, " ...");
	str_free(&one);
	mailboxes_free(&list);
}

/* In our zone, if it can be understood. */
static void
add_date(struct str *text, struct span body)
{
	struct date date;

	if (date_parse(body, &date))
		date_add_zone(
		    text, date.seconds, clock_local_offset(date.seconds));
	else
		add_clean(text, span_trim(body), false);
}

static void
add_field(struct str *text, size_t which, struct span body)
{
	str_add_z(text, shown[which].name);
	if (shown[which].field == HEADER_DATE)
		add_date(text, body);
	else if (shown[which].field == HEADER_SUBJECT)
		add_clean(text, span_trim(body), false);
	else
		add_mailboxes(text, body);
	str_add_byte(text, '\n');
}

static void
add_header(struct str *text, struct span header)
{
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		struct span rest = header, field;
		size_t colon;

		while (headerin_next(&rest, &field))
			if (header_identify(header_name(field, &colon)) ==
			    shown[i].field)
				add_field(text, i, span_from(field, colon + 1));
	}
	str_add_byte(text, '\n');
}

int
main(void)
{
	static char in_buffer[65536], out_buffer[65536];
	struct str header = STR_INIT, line = STR_INIT, text = STR_INIT;
	struct span bytes;
	struct in in;
	struct out out;
	int got;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	in_init(&in, 0, in_buffer, sizeof(in_buffer));
	out_init(&out, 1, out_buffer, sizeof(out_buffer));
	if (headerin_read(&in, MESS_HEADER_MAX, &header, &line) < 0)
		error_cannot("822print", "read", "the header");
	add_header(&text, str_span(&header));
	if (!span_equal(str_span(&line), SPAN("\n")) &&
	    !span_equal(str_span(&line), SPAN("\r\n")))
		add_clean(&text, str_span(&line), true);
	(void)out_add(&out, str_span(&text)); /* see out_flush */
	while ((got = in_peek(&in, &bytes)) > 0) {
		str_reset(&text);
		add_clean(&text, bytes, true);
		(void)out_add(&out, str_span(&text)); /* likewise */
		in_consume(&in, bytes.len);
	}
	if (got < 0)
		error_cannot("822print", "read", "standard input");
	if (out_flush(&out) < 0)
		error_cannot("822print", "write", "standard output");
	str_free(&header);
	str_free(&line);
	str_free(&text);
	return 0;
}
