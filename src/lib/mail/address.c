/*
 * address.c - the paths of SMTP commands.
 * Input: hostile
 */
#include "mail/address.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/ascii.h"

#define LABEL_MAX  63  /* bytes of a label, RFC 1035 2.3.4 */
#define DOMAIN_MAX 255 /* bytes of a domain, RFC 5321 4.5.3.1.2 */

/* Takes a word and blanks around it off.  Returns false if it is not there. */
static bool
take_word(struct span *text, struct span word)
{
	while (text->len && text->s[0] == ' ')
		*text = span_from(*text, 1);
	if (!span_equal_nocase(span_upto(*text, word.len), word))
		return false;
	*text = span_from(*text, word.len);
	while (text->len && text->s[0] == ' ')
		*text = span_from(*text, 1);
	return true;
}

/*
 * Moves *path to the first byte of the path.  Returns the byte that ends it,
 * NUL if there is no path.
 */
static char
find_path(struct span argument, struct span keyword, struct span *path)
{
	bool is_named = take_word(&argument, keyword);
	size_t at = span_find(argument, '<');

	if (at < argument.len) {
		*path = span_from(argument, at + 1);
		return '>';
	}
	if (!is_named)
		return '\0';
	*path = argument;
	return argument.len ? ' ' : '\0';
}

/*
 * Takes the source route "@a,@b:" off.  A colon in an address literal is none
 * of its end.  Returns false if it has no end.
 */
static bool
drop_route(struct span *path)
{
	bool is_literal = false;

	if (path->len == 0 || path->s[0] != '@')
		return true;
	for (size_t i = 0; i < path->len; i++) {
		char c = path->s[i];

		if (c == '[')
			is_literal = true;
		else if (c == ']')
			is_literal = false;
		else if (c == ':' && !is_literal) {
			*path = span_from(*path, i + 1);
			return true;
		}
	}
	return false;
}

/* Whether nobody may have this byte in a local part outside of quotes. */
static bool
is_special(char c)
{
	return span_has(SPAN("()<>:;,"), c);
}

/* A mailbox whose quotes and backslashes are being taken off. */
struct mailbox {
	struct str *address;
	size_t special;	 /* where in it the first special byte stands */
	size_t plain;	 /* from where on nothing was quoted */
	bool has_quotes; /* or a backslash */
};

static bool
is_mailbox(const struct mailbox *mailbox)
{
	struct span address = str_span(mailbox->address);
	size_t at = span_find_last(address, '@');

	if (address.len == 0)
		return !mailbox->has_quotes;
	if (mailbox->special < at || (at == 0 && !mailbox->has_quotes))
		return false;
	return at == address.len || at >= mailbox->plain;
}

/* Appends a byte of the mailbox, quoted or not; never much too much. */
static void
take_byte(struct mailbox *mailbox, char c, bool is_quoted)
{
	size_t at = mailbox->address->len;

	if (!is_quoted && is_special(c) && at < mailbox->special)
		mailbox->special = at;
	if (at <= ADDRESS_MAX)
		str_add_byte(mailbox->address, c);
	if (is_quoted) {
		mailbox->has_quotes = true;
		mailbox->plain = mailbox->address->len;
	}
}

/*
 * Takes quotes and backslashes off, up to the byte `end` outside of quotes.
 *   used   receives how much of the path was taken, with its end
 */
static enum address_result
take_mailbox(struct span path, char end, struct str *address, size_t *used)
{
	struct mailbox mailbox = { address, SIZE_MAX, 0, false };
	bool is_quoted = false, is_ended = false;
	size_t i;

	for (i = 0; i < path.len && !is_ended; i++) {
		char c = path.s[i];
		bool is_escaped = c == '\\' && i + 1 < path.len;

		if (is_escaped)
			c = path.s[++i];
		if (ascii_is_control(c) ||
		    (c == ' ' && end == '>' && !is_quoted && !is_escaped))
			return ADDRESS_BROKEN;
		if (is_escaped || (c != '"' && (c != end || is_quoted))) {
			take_byte(&mailbox, c, is_quoted || is_escaped);
		} else if (c == '"') {
			is_quoted = !is_quoted;
			mailbox.has_quotes = true;
			mailbox.plain = address->len;
		} else {
			is_ended = true;
		}
	}
	*used = i;
	if (is_quoted || (end == '>' && !is_ended))
		return ADDRESS_BROKEN;
	if (address->len > ADDRESS_MAX)
		return ADDRESS_TOO_LONG;
	return is_mailbox(&mailbox) ? ADDRESS_TAKEN : ADDRESS_BROKEN;
}

enum address_result
address_parse_path(struct span argument, struct span keyword,
    struct str *address, struct span *parameters)
{
	enum address_result result;
	struct span path;
	size_t used = 0;
	char end = find_path(argument, keyword, &path);

	str_reset(address);
	if (end == '\0')
		return ADDRESS_MISSING;
	if (!drop_route(&path))
		return ADDRESS_BROKEN;
	result = take_mailbox(path, end, address, &used);
	if (result != ADDRESS_TAKEN)
		return result;
	/* A parameter in the place of a path. */
	if (end == ' ' && !span_has(str_span(address), '@') &&
	    span_has(str_span(address), '='))
		return ADDRESS_MISSING;
	*parameters = span_from(path, used);
	return ADDRESS_TAKEN;
}

struct span
address_domain(struct span address)
{
	return span_from(address, span_find_last(address, '@') + 1);
}

/*
 * A label of a host name.  Underscores are taken because hosts have them, and
 * bytes above 127 because they may be UTF-8 (RFC 6531), whose length in the
 * DNS is another.
 */
static bool
is_label(struct span label)
{
	bool is_ascii = true;

	for (size_t i = 0; i < label.len; i++) {
		char c = label.s[i];

		if ((unsigned char)c > 127)
			is_ascii = false;
		else if (!ascii_is_alnum(c) && c != '-' && c != '_')
			return false;
	}
	return label.len && label.s[0] != '-' &&
	    label.s[label.len - 1] != '-' &&
	    (label.len <= LABEL_MAX || !is_ascii);
}

static bool
is_literal(struct span domain)
{
	for (size_t i = 1; i + 1 < domain.len; i++)
		if ((unsigned char)domain.s[i] > 127 ||
		    span_has(SPAN("[]\\ "), domain.s[i]))
			return false;
	return domain.len > 2 && domain.s[domain.len - 1] == ']';
}

bool
address_is_domain(struct span domain)
{
	struct span label;

	if (domain.len == 0 || domain.len > DOMAIN_MAX)
		return false;
	if (domain.s[0] == '[')
		return is_literal(domain);
	if (domain.s[0] == '.')
		domain = span_from(domain, 1);
	while (span_cut_next(&domain, '.', &label))
		if (!is_label(label))
			return false;
	return true;
}

bool
address_is_sendable(struct span address)
{
	size_t at = span_find_last(address, '@');
	struct span bare = at < address.len ? span_from(address, at) : address;

	return !span_has(address, '\r') && !span_has(address, '\n') &&
	    !span_has(bare, '<') && !span_has(bare, '>');
}
