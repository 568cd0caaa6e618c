/*
 * fromline.c - the lines that local delivery puts on top of a message.
 * Input: hostile
 */
#include "mail/fromline.h"

#include "mail/date.h"
#include "mail/quote.h"

/* Replaces what would end the line from position start on. */
static void
replace_newlines(struct str *text, size_t start, char with)
{
	for (size_t i = start; i < text->len; i++)
		if (text->s[i] == '\n')
			text->s[i] = with;
}

void
fromline_add_from(struct str *text, struct span sender, int64_t seconds)
{
	str_add_z(text, "From ");
	if (sender.len == 0)
		sender = SPAN("MAILER-DAEMON");
	for (size_t i = 0; i < sender.len; i++) {
		char c = sender.s[i];

		str_add_byte(
		    text, c == ' ' || c == '\t' || c == '\n' ? '-' : c);
	}
	str_add_byte(text, ' ');
	date_add_from_line(text, seconds);
	str_add_byte(text, '\n');
}

void
fromline_add_return_path(struct str *text, struct span sender)
{
	size_t start;

	str_add_z(text, "Return-Path: <");
	start = text->len;
	quote_add_address(text, sender);
	replace_newlines(text, start, '_');
	str_add_z(text, ">\n");
}

void
fromline_add_delivered_to(struct str *text, struct span address)
{
	size_t start;

	str_add_z(text, "Delivered-To: ");
	start = text->len;
	str_add(text, address);
	replace_newlines(text, start, '_');
	str_add_byte(text, '\n');
}
