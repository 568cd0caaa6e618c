/* authresults.c - the field Authentication-Results.  Input: hostile */
#include "mail/authresults.h"

#include "base/ascii.h"

/* ---- whose it is ---- */

static bool
is_space(char c)
{
	return ascii_is_blank(c) || c == '\n' || c == '\r';
}

/* Passes over blanks, folds and comments (RFC 5322 3.2.2).  Returns false if one
 * has no end. */
static bool
skip(struct span *rest)
{
	size_t depth = 0;

	while (rest->len) {
		char c = rest->s[0];

		if (depth && c == '\\' && rest->len > 1)
			*rest = span_from(*rest, 1);
		else if (c == '(')
			depth++;
		else if (depth && c == ')')
			depth--;
		else if (depth == 0 && !is_space(c))
			return true;
		*rest = span_from(*rest, 1);
	}
	return depth == 0;
}

/* Appends what stands between quotes.  Returns false if they have no end. */
static bool
take_quoted(struct span *rest, struct str *word)
{
	*rest = span_from(*rest, 1);
	while (rest->len && rest->s[0] != '"') {
		if (rest->s[0] == '\\' && rest->len > 1)
			*rest = span_from(*rest, 1);
		str_add_byte(word, rest->s[0]);
		*rest = span_from(*rest, 1);
	}
	if (rest->len == 0)
		return false;
	*rest = span_from(*rest, 1);
	return true;
}

static void
take_token(struct span *rest, struct str *word)
{
	while (rest->len && !is_space(rest->s[0]) &&
	    !span_has(SPAN("();\""), rest->s[0])) {
		str_add_byte(word, rest->s[0]);
		*rest = span_from(*rest, 1);
	}
}

/* The id with which a value begins.  Returns false if there is none. */
static bool
take_id(struct span rest, struct str *id)
{
	if (!skip(&rest) || rest.len == 0)
		return false;
	if (rest.s[0] == '"' && !take_quoted(&rest, id))
		return false;
	take_token(&rest, id);
	return id->len && skip(&rest);
}

bool
authresults_is_from(struct span value, struct span id)
{
	struct str word = STR_INIT;
	bool result =
	    !take_id(value, &word) || span_equal_nocase(str_span(&word), id);

	str_free(&word);
	return result;
}

/* ---- values ---- */

/* RFC 2045 5.1, and the @ of an address. */
static bool
is_plain(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!ascii_is_printable(value.s[i]) ||
		    span_has(SPAN(" ()<>,;:\\\"/[]?="), value.s[i]))
			return false;
	return value.len != 0;
}

void
authresults_add_value(struct str *text, struct span value)
{
	value = span_upto(value, AUTHRESULTS_VALUE_MAX);
	if (is_plain(value)) {
		str_add(text, value);
		return;
	}
	str_add_byte(text, '"');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.s[i];

		if (c == '"' || c == '\\')
			str_add_byte(text, '\\');
		str_add_byte(text, ascii_is_printable(c) ? c : '?');
	}
	str_add_byte(text, '"');
}
