/*
 * asked.c - what the sender asked of notifications on each recipient.
 * Input: hostile (addresses, parameters)
 */
#include "asked.h"

#include "queue/envelope.h"
#include "queue/path.h"
#include "sys/fd.h"
#include "sys/file.h"

#define MISSES_MAX 100 /* searches of the whole envelope, in vain */

/* Reads on to the next recipient, and what was asked on him.  Returns false
 * at the end, or where the envelope cannot be read. */
static bool
next_recipient(struct asked *asked)
{
	char letter;

	str_reset(&asked->parameters);
	while (envelope_next(&asked->in, NULL, &letter, &asked->address) == 0 &&
	    letter != ENVELOPE_END) {
		if (letter == ENVELOPE_RECIPIENT) {
			asked->index++;
			return true;
		}
		if (letter == ENVELOPE_RECIPIENT_PARAMETERS)
			str_set(&asked->parameters, str_span(&asked->address));
	}
	str_reset(&asked->parameters);
	return false;
}

/* Whether the recipient that was read is asked for, for the first time. */
static bool
is_his_turn(struct asked *asked, struct span address)
{
	size_t index = asked->index - 1;

	if (!span_equal(str_span(&asked->address), address))
		return false;
	while (asked->told.len <= index)
		str_add_byte(&asked->told, '\0');
	if (asked->told.s[index])
		return false;
	asked->told.s[index] = 1;
	return true;
}

/* Reads up to this recipient. */
static bool
find(struct asked *asked, struct span address)
{
	while (next_recipient(asked))
		if (is_his_turn(asked, address))
			return true;
	return false;
}

/* Returns whether it can be read again. */
static bool
begin_again(struct asked *asked)
{
	asked->index = 0;
	return in_rewind(&asked->in) == 0;
}

bool
asked_open(struct asked *asked, uint64_t number, uint64_t split)
{
	bool is_asked = false;

	asked->address = asked->parameters = asked->told = (struct str)STR_INIT;
	asked->index = asked->misses = 0;
	asked->fd = file_open_nofollow(queue_path(QUEUE_INTD, number, split).s);
	if (asked->fd < 0)
		return false;
	in_init(&asked->in, asked->fd, asked->buffer, sizeof(asked->buffer));
	while (!is_asked && next_recipient(asked))
		is_asked = asked->parameters.len > 0;
	if (begin_again(asked))
		return is_asked;
	fd_close(asked->fd);
	asked->fd = -1;
	return false;
}

void
asked_close(struct asked *asked)
{
	if (asked->fd >= 0)
		fd_close(asked->fd);
	str_free(&asked->address);
	str_free(&asked->parameters);
	str_free(&asked->told);
}

struct span
asked_of(struct asked *asked, struct span address)
{
	str_reset(&asked->parameters);
	if (asked->fd < 0 || asked->misses == MISSES_MAX ||
	    find(asked, address))
		return str_span(&asked->parameters);
	if (!begin_again(asked) || !find(asked, address))
		asked->misses++;
	return str_span(&asked->parameters);
}
