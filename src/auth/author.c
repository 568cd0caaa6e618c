/* author.c - the domain of the author of a message.  Input: hostile */
#include "author.h"

#include "base/ascii.h"
#include "base/ulabel.h"
#include "mail/encodedword.h"
#include "net/dnspacket.h"

/* ---- pieces ---- */

/* Blanks, and line ends of folds. */
static bool
is_blank(char c)
{
	return span_has(SPAN(" \t\r\n"), c);
}

/* Some readers end a text at one of the others. */
static bool
is_text(char c)
{
	return !ascii_is_control(c) || is_blank(c);
}

static bool
is_of_atom(char c)
{
	return !ascii_is_control(c) && !span_has(SPAN(" ()<>[]:;@\\,\""), c);
}

static char
first(struct span rest)
{
	return rest.len ? rest.s[0] : '\0';
}

/* Takes this byte off.  Returns false if another one comes. */
static bool
take_byte(struct span *rest, char c)
{
	if (rest->len == 0 || rest->s[0] != c)
		return false;
	*rest = span_from(*rest, 1);
	return true;
}

/* Takes an atom off; it may be empty. */
static struct span
take_atom(struct span *rest)
{
	struct span atom;
	size_t len = 0;

	while (len < rest->len && is_of_atom(rest->s[len]))
		len++;
	atom = span_upto(*rest, len);
	*rest = span_from(*rest, len);
	return atom;
}

/* Takes a quoted string off, with its quotes.  Returns false if it is not plain. */
static bool
take_quoted(struct span *rest, struct span *quoted)
{
	bool has_backslash = false;
	size_t i = 1;

	for (; i < rest->len && rest->s[i] != '"'; i++) {
		if (rest->s[i] == '\\') {
			has_backslash = true;
			i++;
		}
		if (i == rest->len || !is_text(rest->s[i]))
			return false;
	}
	if (i == rest->len)
		return false;
	*quoted = span_upto(*rest, i + 1);
	*rest = span_from(*rest, i + 1);
	return !has_backslash || !span_has(*quoted, '@');
}

static bool
take_comment(struct span *rest)
{
	size_t depth = 0;

	do {
		char c = first(*rest);

		if (rest->len == 0 || !is_text(c) ||
		    span_has(SPAN("@\"\\<>"), c))
			return false;
		depth += c == '(';
		depth -= c == ')';
		*rest = span_from(*rest, 1);
	} while (depth);
	return true;
}

/* Takes off what may stand between two pieces. */
static bool
take_space(struct span *rest)
{
	while (rest->len && (is_blank(rest->s[0]) || rest->s[0] == '('))
		if (rest->s[0] == '(') {
			if (!take_comment(rest))
				return false;
		} else {
			*rest = span_from(*rest, 1);
		}
	return true;
}

/* ---- addresses ---- */

struct reader {
	struct span rest;
	struct str *author;
	size_t count;	/* of addresses */
	bool has_words; /* of a mailbox whose address has still to come */
	bool is_behind; /* an address, with nothing since but space */
	bool has_path;	/* that address stood in brackets */
};

/* Whether it can be a host name, and none that a reader may take for another one. */
static bool
is_domain(struct span host)
{
	struct dnsname name;

	for (size_t i = 0; i < host.len; i++)
		if ((unsigned char)host.s[i] < 128 &&
		    !ascii_is_alnum(host.s[i]) &&
		    !span_has(SPAN("-_."), host.s[i]))
			return false;
	return dnsname_parse(host, &name) && ulabel_is_clean(host);
}

/* The @ of an address has come, behind its local part. */
static bool
take_domain(struct reader *reader, struct span local_part)
{
	struct span host;

	(void)take_byte(&reader->rest, '@');
	host = take_atom(&reader->rest);
	if (local_part.len == 0 || span_has(local_part, '@') ||
	    encodedword_is_in(local_part) || !is_domain(host))
		return false;
	if (reader->count++ == 0)
		str_set(reader->author, host);
	return reader->count <= AUTHOR_MAX &&
	    span_equal_nocase(str_span(reader->author), host);
}

/* An atom or a quoted string. */
static bool
take_word(struct span *rest, struct span *word)
{
	if (first(*rest) == '"')
		return take_quoted(rest, word);
	*word = take_atom(rest);
	return word->len > 0;
}

static bool
take_path(struct reader *reader)
{
	struct span word;

	if (!take_space(&reader->rest) || !take_word(&reader->rest, &word) ||
	    first(reader->rest) != '@' || !take_domain(reader, word) ||
	    !take_space(&reader->rest) || !take_byte(&reader->rest, '>'))
		return false;
	reader->has_words = false;
	reader->is_behind = reader->has_path = true;
	return true;
}

/* Words in [ ], as lists have them in names. */
static bool
take_bracketed(struct span *rest)
{
	do {
		while (first(*rest) == ' ')
			*rest = span_from(*rest, 1);
	} while (take_atom(rest).len);
	return take_byte(rest, ']');
}

/* A word of a name, or an address without brackets. */
static bool
take_phrase(struct reader *reader)
{
	bool is_alone = !reader->has_words;
	struct span word;

	if (reader->is_behind)
		return false;
	reader->has_words = true;
	if (take_byte(&reader->rest, '['))
		return take_bracketed(&reader->rest);
	if (!take_word(&reader->rest, &word))
		return false;
	if (first(reader->rest) != '@')
		return true;
	reader->has_words = false;
	reader->is_behind = true;
	reader->has_path = false;
	return is_alone && take_domain(reader, word);
}

/* Takes what comes next.  Returns false if it may be read in several ways. */
static bool
take_next(struct reader *reader)
{
	char c = first(reader->rest);

	if (take_byte(&reader->rest, '<'))
		return (!reader->is_behind || !reader->has_path) &&
		    take_path(reader);
	if (!span_has(SPAN(",;:"), c))
		return take_phrase(reader);
	reader->rest = span_from(reader->rest, 1);
	reader->is_behind = false;
	if (c == ':') /* the words were the name of a group */
		reader->has_words = false;
	return true;
}

/* ---- other hosts ---- */

static bool
is_of_host(char c)
{
	return ascii_is_alnum(c) || span_has(SPAN("-._"), c) ||
	    (unsigned char)c >= 128;
}

/* The host behind an @: nothing if it has no dot within. */
static struct span
host_of(struct span text)
{
	size_t len = 0, dot;

	while (len < text.len && is_of_host(text.s[len]))
		len++;
	text = span_upto(text, len);
	if (span_ends(text, SPAN(".")))
		text = span_upto(text, len - 1);
	dot = span_find(text, '.');
	return dot > 0 && dot < text.len ? text : SPAN("");
}

/* How many @ there are with another host than the author's behind them. */
static size_t
count_others(struct span text, struct span author)
{
	size_t count = 0, at;

	if (span_ends(author, SPAN(".")))
		author = span_upto(author, author.len - 1);
	while ((at = span_find(text, '@')) < text.len) {
		struct span host;

		text = span_from(text, at + 1);
		host = host_of(text);
		count += host.len && !span_equal_nocase(host, author);
	}
	return count;
}

/* Whether the field is a name and <address> alone: a quoted string on one line, or
 * atoms. */
static bool
is_simple(struct span body)
{
	struct span quoted;

	while (body.len && is_blank(body.s[0]))
		body = span_from(body, 1);
	if (first(body) == '"' &&
	    (!take_quoted(&body, &quoted) || span_has(quoted, '\r') ||
		span_has(quoted, '\n')))
		return false;
	while (body.len && (is_blank(body.s[0]) || is_of_atom(body.s[0])))
		body = span_from(body, 1);
	if (!take_byte(&body, '<'))
		return false;
	body = span_from(body, span_find(body, '>'));
	while (body.len > 1 && is_blank(body.s[body.len - 1]))
		body = span_upto(body, body.len - 1);
	return body.len == 1;
}

/*
 * Some readers decode encoded words first and parse then, some take for an address
 * whatever has an @.  So a field that mentions another host than its author's does that
 * in a quoted string, and is nothing but this and an address.
 */
static bool
is_of_one(struct span body, struct span author)
{
	size_t others = count_others(body, author);
	struct encodedword_found found;
	struct str text = STR_INIT;
	bool is_sure = encodedword_expand(body, &text, &found) &&
	    count_others(str_span(&text), author) == others;

	str_free(&text);
	return is_sure &&
	    (others == 0 || (!found.has_syntax && is_simple(body)));
}

/* ---- the field ---- */

static bool
take_author(struct span body, struct str *author)
{
	struct reader reader = { .rest = body, .author = author };
	bool is_plain = true;

	while (is_plain && (is_plain = take_space(&reader.rest)) &&
	    reader.rest.len)
		is_plain = take_next(&reader);
	return is_plain && reader.count && !reader.has_words &&
	    is_of_one(body, str_span(author));
}

/* ---- the header ---- */

/* Some readers take a CR alone for the end of a line: another From may follow it. */
static bool
has_hidden_line(struct span field)
{
	size_t at;

	while ((at = span_find(field, '\r')) < field.len) {
		field = span_from(field, at + 1);
		if (field.len && field.s[0] != '\n')
			return true;
	}
	return false;
}

enum author_outcome
author_find(const struct dkimheader *header, struct str *author)
{
	struct span field = SPAN("");
	size_t count = 0;

	str_reset(author);
	if (header->is_too_large || header->is_odd)
		return AUTHOR_BROKEN;
	for (size_t i = 0; i < header->fields.len; i++) {
		if (has_hidden_line(dkimheader_field(header, i)))
			return AUTHOR_BROKEN;
		if (span_equal_nocase(
			dkimheader_name(header, i), SPAN("From"))) {
			field = dkimheader_field(header, i);
			count++;
		}
	}
	if (count == 1 &&
	    take_author(span_from(field, span_find(field, ':') + 1), author))
		return AUTHOR_FOUND;
	str_reset(author);
	if (count != 1)
		return count ? AUTHOR_SEVERAL : AUTHOR_NONE;
	return AUTHOR_UNTOLD;
}
