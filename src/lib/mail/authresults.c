/* authresults.c - the field Authentication-Results.  Input: hostile */
#include "mail/authresults.h"

#include "base/ascii.h"
#include "base/ulabel.h"
#include "mail/header.h"

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

/* Readers may not mind what cannot be seen; a dot at the end of a name says that it is
 * whole: the same name. */
static void
clean(struct str *word)
{
	size_t len = 0;

	for (size_t i = 0; i < word->len; i++)
		if (ascii_is_printable(word->s[i]) ||
		    (unsigned char)word->s[i] >= 128)
			word->s[len++] = word->s[i];
	word->len = len;
}

static struct span
whole_name(struct span name)
{
	name = span_trim(name);
	while (span_ends(name, SPAN(".")))
		name.len--;
	return name;
}

bool
authresults_is_from(struct span value, struct span id)
{
	struct str word = STR_INIT;
	bool result;

	result = !take_id(value, &word) || !ulabel_is_clean(str_span(&word));
	clean(&word);
	result = result ||
	    span_equal_nocase(whole_name(str_span(&word)), whole_name(id));
	str_free(&word);
	return result;
}

/* Whether a line begins with the name and a colon, for readers who pass over what is no
 * part of a name. */
static bool
is_named(struct span line)
{
	static const struct span name = { AUTHRESULTS_NAME,
		sizeof(AUTHRESULTS_NAME) - 1 };
	size_t colon = span_find(line, ':'), at = 0;

	for (size_t i = 0; i < colon; i++) {
		char c = line.s[i];

		if (c == ' ' || !ascii_is_printable(c))
			continue;
		if (at == name.len || ascii_lower(c) != ascii_lower(name.s[at]))
			return false;
		at++;
	}
	return colon < line.len && at == name.len;
}

bool
authresults_pretends(struct span field, struct span id)
{
	struct span line;
	size_t colon;

	if (span_equal_nocase(
		header_name(field, &colon), SPAN(AUTHRESULTS_NAME))) {
		if (authresults_is_from(span_from(field, colon + 1), id))
			return true;
	} else if (is_named(field)) {
		return true;
	}
	/* For some readers a CR ends a line. */
	(void)span_cut_next(&field, '\r', &line);
	while (span_cut_next(&field, '\r', &line))
		if (is_named(line))
			return true;
	return false;
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
	if (is_plain(value))
		str_add(text, value);
	else
		authresults_add_quoted(text, value);
}

void
authresults_add_quoted(struct str *text, struct span value)
{
	value = span_upto(value, AUTHRESULTS_VALUE_MAX);
	str_add_byte(text, '"');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.s[i];

		if (c == '"' || c == '\\')
			str_add_byte(text, '\\');
		str_add_byte(text, ascii_is_printable(c) ? c : '?');
	}
	str_add_byte(text, '"');
}
