/*
 * messageid.c - the Message-ID of a message that goes by in pieces.
 * Input: hostile
 */
#include "mail/messageid.h"

#include "base/ascii.h"
#include "mail/header.h"

/* The first byte of a line: what line is it? */
static void
begin_line(struct messageid *id, char c)
{
	id->is_in_line = true;
	if (c == '\n')
		id->place = MESSAGEID_OVER;
	else if (ascii_is_blank(c))
		return; /* the field goes on */
	else if (id->is_found)
		id->place = MESSAGEID_OVER;
	else
		id->place = MESSAGEID_NAME;
	id->name_len = 0;
}

/* A byte of what may be the name. */
static void
add_to_name(struct messageid *id, char c)
{
	if (c != ':' && id->name_len < MESSAGEID_NAME_MAX) {
		id->name[id->name_len++] = c;
		return;
	}
	id->place = MESSAGEID_OTHER;
	if (c == ':' &&
	    header_identify(span_trim_end(span_make(id->name, id->name_len))) ==
		HEADER_MESSAGE_ID) {
		id->place = MESSAGEID_VALUE;
		id->is_found = true;
	}
}

static void
add_to_value(struct messageid *id, char c)
{
	if (id->len == 0 && ascii_is_blank(c))
		return;
	if (id->len < MESSAGEID_MAX)
		id->value[id->len++] = c;
}

void
messageid_add(struct messageid *id, struct span bytes)
{
	for (size_t i = 0; i < bytes.len && id->place != MESSAGEID_OVER; i++) {
		char c = bytes.s[i];

		if (!id->is_in_line)
			begin_line(id, c);
		if (c == '\n')
			id->is_in_line = false;
		else if (id->place == MESSAGEID_NAME)
			add_to_name(id, c);
		else if (id->place == MESSAGEID_VALUE)
			add_to_value(id, c);
	}
}

struct span
messageid_value(const struct messageid *id)
{
	return span_trim_end(span_make(id->value, id->len));
}
