/*
 * forwarddata.c - what the databases of fastforward and its binary lists hold.
 * Input: trusted, damage expected
 */
#include "mail/forwarddata.h"

void
forwarddata_add_key(
    struct str *text, enum forwarddata_key kind, struct span target)
{
	str_add_byte(text, (char)kind);
	str_add_lower(text, target);
}

int
forwarddata_next(struct span *rest, struct span *command)
{
	size_t end = span_find(*rest, '\0');

	if (rest->len == 0)
		return 0;
	if (end == rest->len)
		return -1;
	*command = span_upto(*rest, end);
	*rest = span_from(*rest, end + 1);
	return 1;
}

bool
forwarddata_is_list(struct span command)
{
	return span_starts(command, SPAN("/")) ||
	    span_starts(command, SPAN("."));
}

bool
forwarddata_is_program(struct span command)
{
	return span_starts(command, SPAN("|")) ||
	    span_starts(command, SPAN("!"));
}

bool
forwarddata_is_nothing(struct span command)
{
	return forwarddata_is_program(command) &&
	    span_trim(span_from(command, 1)).len == 0;
}

void
forwarddata_add_list(struct str *text, struct span name)
{
	if (!forwarddata_is_list(name))
		str_add_z(text, "./");
	str_add(text, name);
	str_add_z(text, ".bin");
}
