/* quote.c - local parts in the form that headers and SMTP ask for. */
#include "mail/quote.h"

#include "base/ascii.h"

/* RFC 5322 3.2.3 atext */
static bool
is_atom_byte(char c)
{
	return ascii_is_alnum(c) ||
	    (c != '\0' && span_has(SPAN("!#$%&'*+-/=?^_`{|}~"), c));
}

bool
quote_is_needed(struct span local_part)
{
	bool is_start = true;

	for (size_t i = 0; i < local_part.len; i++) {
		char c = local_part.s[i];

		if (c == '.' ? is_start : !is_atom_byte(c))
			return true;
		is_start = c == '.';
	}
	return is_start;
}

void
quote_add_local_part(struct str *text, struct span local_part)
{
	if (!quote_is_needed(local_part)) {
		str_add(text, local_part);
		return;
	}
	str_add_byte(text, '"');
	for (size_t i = 0; i < local_part.len; i++) {
		char c = local_part.s[i];

		if (c == '"' || c == '\\' || c == '\r' || c == '\n')
			str_add_byte(text, '\\');
		str_add_byte(text, c);
	}
	str_add_byte(text, '"');
}

void
quote_add_address(struct str *text, struct span address)
{
	size_t at = span_find_last(address, '@');

	if (address.len == 0)
		return;
	quote_add_local_part(text, span_upto(address, at));
	str_add(text, span_from(address, at));
}
