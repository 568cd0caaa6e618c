/* authresults.c - the field Authentication-Results.  Input: hostile */
#include "mail/authresults.h"

#include "base/ascii.h"

/* ---- whose it is ---- */

static bool
is_space(char c)
{
	return ascii_is_blank(c) || c == '\n' || c == '\r';
}

/* Passes over blanks, folds and comments (RFC 5322 3.2.2); one without an end is all
 * that is left. */
static void
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
			return;
		*rest = span_from(*rest, 1);
	}
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

/* RFC 2045 5.1; and what a name in UTF-8 has, RFC 8616 4. */
static bool
is_token(char c)
{
	return (unsigned char)c >= 128 ||
	    (ascii_is_printable(c) && !span_has(SPAN(" ()<>@,;:\\\"/[]?="), c));
}

static void
take_token(struct span *rest, struct str *word)
{
	while (rest->len && is_token(rest->s[0])) {
		str_add_byte(word, rest->s[0]);
		*rest = span_from(*rest, 1);
	}
}

/* The id with which a value begins.  Returns false if it does not begin with an id,
 * perhaps a version, and a semicolon. */
static bool
take_id(struct span rest, struct str *id)
{
	skip(&rest);
	if (!span_starts(rest, SPAN("\"")))
		take_token(&rest, id);
	else if (!take_quoted(&rest, id))
		return false;
	skip(&rest);
	while (rest.len && ascii_is_digit(rest.s[0]))
		rest = span_from(rest, 1);
	skip(&rest);
	return id->len && span_starts(rest, SPAN(";"));
}

/* A dot at the end of a name says that it is whole: the same name. */
static struct span
without_dot(struct span name)
{
	while (span_ends(name, SPAN(".")))
		name.len--;
	return name;
}

bool
authresults_is_from(struct span value, struct span id)
{
	struct str word = STR_INIT;
	bool result = !take_id(value, &word) ||
	    span_equal_nocase(without_dot(str_span(&word)), without_dot(id));

	str_free(&word);
	return result;
}

/* ---- values ---- */

/* A token of ASCII, or an address of such. */
static bool
is_plain(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.s[i] != '@' &&
		    !(ascii_is_printable(value.s[i]) && is_token(value.s[i])))
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
