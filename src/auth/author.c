/* author.c - the author of a message.  Input: hostile */
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
	struct span name; /* local part of the last address */
	size_t count;	  /* of addresses */
	bool has_words;	  /* of a mailbox whose address has still to come */
	bool is_behind;	  /* an address, with nothing since but space */
	bool has_path;	  /* that address stood in brackets */
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

static bool
has_encoded_word(struct span text)
{
	struct str bytes = STR_INIT;
	struct encodedword word;
	bool result = encodedword_next(&text, &word, &bytes);

	str_free(&bytes);
	return result;
}

/* The @ of an address has come, behind its local part. */
static bool
take_domain(struct reader *reader, struct span local_part)
{
	struct span host;

	(void)take_byte(&reader->rest, '@');
	host = take_atom(&reader->rest);
	if (local_part.len == 0 || span_has(local_part, '@') ||
	    has_encoded_word(local_part) || !is_domain(host))
		return false;
	if (reader->count++ == 0)
		str_set(reader->author, host);
	reader->name = local_part;
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

/* What a field says of others than its author. */
struct mentions {
	struct span author;
	bool has_other;	 /* an @ that is not followed by the author's domain */
	bool has_syntax; /* of addresses, in encoded words */
	bool is_odd;	 /* readers may differ in an encoded word */
};

static bool
is_of_host(char c)
{
	return ascii_is_alnum(c) || span_has(SPAN("-._"), c) ||
	    (unsigned char)c >= 128;
}

/*
 * Whether an @ is followed by another host, also by one that begins as the author's.
 *   is_whole   the text ends where it ends, with nothing behind
 */
static bool
has_other(struct span text, struct span author, bool is_whole)
{
	size_t at;

	while ((at = span_find(text, '@')) < text.len) {
		text = span_from(text, at + 1);
		if (!span_starts_nocase(text, author) ||
		    (text.len == author.len ? !is_whole
					    : is_of_host(text.s[author.len])))
			return true;
	}
	return false;
}

/* In iso-2022 most bytes are halves of characters, from ESC $ to ESC ( only. */
static void
drop_halves(struct str *bytes)
{
	struct span rest = str_span(bytes);
	struct str kept = STR_INIT;
	bool is_ascii = true;

	for (; rest.len; rest = span_from(rest, 1)) {
		if (span_starts(rest, SPAN("\033$")))
			is_ascii = false;
		else if (span_starts(rest, SPAN("\033(")))
			is_ascii = true;
		if (is_ascii && rest.s[0] != '\033')
			str_add_byte(&kept, rest.s[0]);
	}
	str_set(bytes, str_span(&kept));
	str_free(&kept);
}

static void
note_encoded(struct mentions *mentions, const struct encodedword *word,
    struct str *bytes)
{
	if (span_starts_nocase(word->charset, SPAN("iso-2022-")))
		drop_halves(bytes);
	else if (!encodedword_is_ascii(word->charset))
		mentions->is_odd = true;
	if (!word->is_sound)
		mentions->is_odd = true;
	if (has_other(str_span(bytes), mentions->author, false))
		mentions->has_other = true;
	for (size_t i = 0; i < bytes->len; i++) {
		if (ascii_is_control(bytes->s[i]))
			mentions->is_odd = true;
		if (span_has(SPAN("<>()[]\",;:\\"), bytes->s[i]))
			mentions->has_syntax = true;
	}
}

/* Whether the field is a name and <address> alone: a quoted string, or atoms. */
static bool
is_simple(struct span body)
{
	struct span quoted;

	while (body.len && is_blank(body.s[0]))
		body = span_from(body, 1);
	if (first(body) == '"' && !take_quoted(&body, &quoted))
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
 * whatever has an @.  So a field that mentions another host than its author's has to be
 * a name and an address, in which decoding changes nothing.
 */
static bool
is_of_one(struct span body, struct span author)
{
	struct mentions mentions = { .author = author };
	struct span rest = body;
	struct str bytes = STR_INIT;
	struct encodedword word;

	mentions.has_other = has_other(body, author, true);
	while (encodedword_next(&rest, &word, &bytes))
		note_encoded(&mentions, &word, &bytes);
	str_free(&bytes);
	if (mentions.is_odd)
		return false;
	return !mentions.has_other || (!mentions.has_syntax && is_simple(body));
}

/* ---- the field ---- */

static bool
take_author(struct span body, struct str *author, struct str *name)
{
	struct reader reader = { .rest = body, .author = author };
	bool is_plain = true;

	while (is_plain && (is_plain = take_space(&reader.rest)) &&
	    reader.rest.len)
		is_plain = take_next(&reader);
	if (!is_plain || reader.count == 0 || reader.has_words ||
	    !is_of_one(body, str_span(author)))
		return false;
	if (name && reader.count == 1)
		str_set(name, reader.name);
	return true;
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
author_find(
    const struct dkimheader *header, struct str *author, struct str *name)
{
	struct span field = SPAN("");
	size_t count = 0;

	str_reset(author);
	if (name)
		str_reset(name);
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
	    take_author(
		span_from(field, span_find(field, ':') + 1), author, name))
		return AUTHOR_FOUND;
	str_reset(author);
	if (count != 1)
		return count ? AUTHOR_SEVERAL : AUTHOR_NONE;
	return AUTHOR_UNTOLD;
}
