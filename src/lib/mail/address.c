/*
 * address.c - the paths of SMTP commands.
 * Input: hostile
 */
#include "mail/address.h"

#include <stdbool.h>

#include "base/ascii.h"

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

/*
 * Takes quotes and backslashes off, up to the byte `end` outside of quotes.
 *   used   receives how much of the path was taken, with its end
 */
static enum address_result
take_mailbox(struct span path, char end, struct str *address, size_t *used)
{
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
			if (address->len <= ADDRESS_MAX)
				str_add_byte(address, c);
		} else if (c == '"') {
			is_quoted = !is_quoted;
		} else {
			is_ended = true;
		}
	}
	*used = i;
	if (is_quoted || (end == '>' && !is_ended))
		return ADDRESS_BROKEN;
	return address->len > ADDRESS_MAX ? ADDRESS_TOO_LONG : ADDRESS_TAKEN;
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
