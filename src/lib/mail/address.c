/*
 * address.c - the paths of SMTP commands.
 * Input: hostile
 */
#include "mail/address.h"

#include <stdbool.h>

/*
 * Moves *path to the first byte of the path.  Returns the byte that ends it,
 * NUL if there is no path.
 */
static char
find_path(struct span argument, struct span *path)
{
	size_t at = span_find(argument, '<');

	if (at < argument.len) {
		*path = span_from(argument, at + 1);
		return '>';
	}
	at = span_find(argument, ':');
	if (at == argument.len)
		return '\0';
	*path = span_from(argument, at + 1);
	while (path->len && path->s[0] == ' ')
		*path = span_from(*path, 1);
	return ' ';
}

/* Takes the source route "@a,@b:" off.  Returns false if it has no end. */
static bool
drop_route(struct span *path)
{
	size_t colon;

	if (path->len == 0 || path->s[0] != '@')
		return true;
	colon = span_find(*path, ':');
	if (colon == path->len)
		return false;
	*path = span_from(*path, colon + 1);
	return true;
}

/*
 * Takes quotes and backslashes off, up to the byte `end` outside of quotes.
 *   used       receives how much of the path was taken, with its end
 *   is_ended   whether that byte was found
 */
static enum address_result
take_mailbox(struct span path, char end, struct str *address, size_t *used,
    bool *is_ended)
{
	bool is_quoted = false;
	size_t i;

	*is_ended = false;
	for (i = 0; i < path.len && !*is_ended; i++) {
		char c = path.s[i];

		if (c == '\\' && i + 1 < path.len) {
			c = path.s[++i];
		} else if (c == '"') {
			is_quoted = !is_quoted;
			continue;
		} else if (c == '\\') {
			continue;
		} else if (c == end && !is_quoted) {
			*is_ended = true;
			continue;
		}
		if (c == '\0' || c == '\r' || c == '\n')
			return ADDRESS_BROKEN;
		if (address->len <= ADDRESS_MAX)
			str_add_byte(address, c);
	}
	*used = i;
	return address->len > ADDRESS_MAX ? ADDRESS_TOO_LONG : ADDRESS_TAKEN;
}

enum address_result
address_parse_path(
    struct span argument, struct str *address, struct span *parameters)
{
	enum address_result result;
	struct span path;
	bool is_ended;
	size_t used = 0;
	char end = find_path(argument, &path);

	str_reset(address);
	if (end == '\0')
		return ADDRESS_MISSING;
	if (!drop_route(&path))
		return ADDRESS_BROKEN;
	result = take_mailbox(path, end, address, &used, &is_ended);
	if (result != ADDRESS_TAKEN)
		return result;
	if (end == '>' && !is_ended && span_has(path, ' '))
		return ADDRESS_BROKEN;
	*parameters = span_from(path, used);
	return ADDRESS_TAKEN;
}

struct span
address_domain(struct span address)
{
	return span_from(address, span_find_last(address, '@') + 1);
}
