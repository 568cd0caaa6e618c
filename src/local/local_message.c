/*
 * local_message.c - reading the message, as often as it is delivered.
 * Input: hostile
 *
 * It is read with pread, so that the position which the file shares with
 * other processes stays where it is; that works with files only, of which a
 * read brings less than it asks for at their end alone.
 */
#include "local.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "local_end.h"

/* Reads as much as there is, up to a full block. */
static size_t
read_block(char *buffer, uint64_t position)
{
	ssize_t got;

	do
		got = pread(0, buffer, LOCAL_BLOCK, (off_t)position);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		local_end(LOCAL_MESSAGE, NULL, errno);
	return (size_t)got;
}

void
local_message_begin(struct local *local)
{
	local->block_len = read_block(local->block, 0);
	local->is_whole = local->block_len < LOCAL_BLOCK;
}

bool
local_message_next(const struct local *local, uint64_t *position, char *buffer,
    struct span *bytes)
{
	if (*position == 0)
		*bytes = span_make(local->block, local->block_len);
	else if (local->is_whole)
		return false;
	else
		*bytes = span_make(buffer, read_block(buffer, *position));
	*position += bytes->len;
	return bytes->len > 0;
}

/* Compares lines with one line, whatever the parts in which they come. */
struct matcher {
	struct span wanted;
	size_t line_len, matched; /* of this line */
	bool is_found;
};

/* Returns false when the line was found, or the header has ended. */
static bool
match(struct matcher *matcher, struct span bytes)
{
	while (bytes.len) {
		size_t end = span_find(bytes, '\n');
		struct span part = span_upto(bytes, end + 1);
		struct span rest = span_from(matcher->wanted, matcher->matched);

		if (end == 0 && matcher->line_len == 0)
			return false;
		if (matcher->matched == matcher->line_len &&
		    span_starts(rest, part))
			matcher->matched += part.len;
		matcher->line_len += part.len;
		if (matcher->matched == matcher->wanted.len &&
		    matcher->line_len == matcher->wanted.len)
			matcher->is_found = true;
		if (end < bytes.len)
			matcher->line_len = matcher->matched = 0;
		bytes = span_from(bytes, part.len);
	}
	return !matcher->is_found;
}

bool
local_message_loops(const struct local *local)
{
	struct matcher matcher = { .wanted = str_span(&local->delivered_to) };
	char buffer[LOCAL_BLOCK];
	uint64_t position = 0;
	struct span bytes;

	while (local_message_next(local, &position, buffer, &bytes))
		if (!match(&matcher, bytes))
			break;
	return matcher.is_found;
}
