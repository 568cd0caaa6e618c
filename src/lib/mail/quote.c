/* quote.c - local parts in the form that headers and SMTP ask for. */
#include "mail/quote.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* RFC 5322 3.2.3 atext; in UTF-8 also what is beyond ASCII, RFC 6532 3.2 */
static bool
is_atom_byte(char c, bool is_utf8)
{
	return ascii_is_alnum(c) || (is_utf8 && (unsigned char)c > 127) ||
	    (c != '\0' && span_has(SPAN("!#$%&'*+-/=?^_`{|}~"), c));
}

bool
quote_is_needed(struct span local_part)
{
	bool is_utf8 = utf8_is_valid(local_part), is_start = true;

	for (size_t i = 0; i < local_part.len; i++) {
		char c = local_part.s[i];

		if (c == '.' ? is_start : !is_atom_byte(c, is_utf8))
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
