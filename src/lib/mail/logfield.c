/*
 * logfield.c - the words behind the event of a line of a log.
 * Input: hostile
 */
#include "mail/logfield.h"

#include "base/ascii.h"

#define ESCAPED 4 /* bytes of \xHH */

bool
logfield_cut(struct span *words, struct logfield *field)
{
	size_t equals = span_find(*words, '=');
	size_t blank = span_find(*words, ' '), end;
	struct span rest = span_from(*words, equals + 1);

	if (equals == words->len || equals == 0 || blank < equals)
		return false;
	field->name = span_upto(*words, equals);
	field->is_quoted = span_starts(rest, SPAN("\""));
	if (!field->is_quoted) {
		field->value = span_upto(rest, span_find(rest, ' '));
		*words = span_from(rest, field->value.len + 1);
		return true;
	}
	rest = span_from(rest, 1);
	end = span_find(rest, '"');
	field->value = span_upto(rest, end);
	*words = span_from(rest, end + 2);
	return end < rest.len &&
	    (end + 1 == rest.len || rest.s[end + 1] == ' ');
}

/* The byte that the text begins with as \xHH; -1: it does not. */
static int
escaped_byte(struct span text)
{
	int high, low;

	if (text.len < ESCAPED || text.s[1] != 'x')
		return -1;
	high = ascii_hex_value(text.s[2]);
	low = ascii_hex_value(text.s[3]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void
logfield_add_value(struct str *text, const struct logfield *field)
{
	struct span rest = field->value;

	while (field->is_quoted && rest.len) {
		size_t plain = span_find(rest, '\\');
		int byte;

		str_add(text, span_upto(rest, plain));
		rest = span_from(rest, plain);
		byte = escaped_byte(rest);
		if (byte >= 0) {
			str_add_byte(text, (char)byte);
			rest = span_from(rest, ESCAPED);
		} else if (rest.len) {
			str_add_byte(text, '\\');
			rest = span_from(rest, 1);
		}
	}
	str_add(text, rest);
}
