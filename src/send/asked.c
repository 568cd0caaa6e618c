/*
 * asked.c - what the sender asked of notifications on each recipient.
 * Input: hostile (addresses, parameters)
 */
#include "asked.h"

#include <stdlib.h>
#include <unistd.h>

#include "queue/envelope.h"
#include "queue/path.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/random.h"

/* FNV-1a, from where nobody knows: who chooses addresses cannot choose those
 * that have one hash. */
static uint64_t
hash_of(struct span address)
{
	uint64_t hash = 0xcbf29ce484222325 ^ random_seed();

	for (size_t i = 0; i < address.len; i++)
		hash = (hash ^ (unsigned char)address.s[i]) * 0x100000001b3;
	return hash;
}

static int
compare(const void *a, const void *b)
{
	const struct asked_recipient *first = a, *second = b;

	if (first->hash != second->hash)
		return first->hash < second->hash ? -1 : 1;
	return (first->position > second->position) -
	    (first->position < second->position);
}

/*
 * Reads on to the next recipient on whom something was asked.
 *   position   receives where that stands
 * Returns false at the end, or where the envelope cannot be read.
 */
static bool
next_recipient(struct asked *asked, uint64_t *position)
{
	struct str *value = &asked->address;
	char letter;

	str_reset(&asked->parameters);
	while (envelope_next(&asked->in, NULL, &letter, value) == 0 &&
	    letter != ENVELOPE_END) {
		uint64_t start = asked->position;

		asked->position += 1 + value->len + 1;
		if (letter == ENVELOPE_RECIPIENT_PARAMETERS) {
			str_set(&asked->parameters, str_span(value));
			*position = start;
		}
		if (letter == ENVELOPE_RECIPIENT && asked->parameters.len)
			return true;
	}
	str_reset(&asked->parameters);
	return false;
}

bool
asked_open(struct asked *asked, uint64_t number, uint64_t split)
{
	struct asked_recipient next = { .told = 0 };

	*asked = (struct asked){ .fd = -1 };
	asked->fd = file_open_nofollow(queue_path(QUEUE_INTD, number, split).s);
	if (asked->fd < 0)
		return false;
	in_init(&asked->in, asked->fd, asked->buffer, sizeof(asked->buffer));
	while (next_recipient(asked, &next.position)) {
		next.hash = hash_of(str_span(&asked->address));
		vec_push(&asked->recipients, next);
	}
	if (asked->recipients.len == 0)
		return false;
	qsort(asked->recipients.at, asked->recipients.len,
	    sizeof(*asked->recipients.at), compare);
	return true;
}

void
asked_close(struct asked *asked)
{
	if (asked->fd >= 0)
		fd_close(asked->fd);
	vec_free(&asked->recipients);
	str_free(&asked->address);
	str_free(&asked->parameters);
}

/* The index of the first of a hash, or where he would be. */
static size_t
first_of(const struct asked *asked, uint64_t hash)
{
	size_t low = 0, high = asked->recipients.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (asked->recipients.at[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Reads a recipient again.  Returns whether he has this address. */
static bool
is_at(struct asked *asked, uint64_t position, struct span address)
{
	if (lseek(asked->fd, (off_t)position, SEEK_SET) < 0)
		return false;
	in_init(&asked->in, asked->fd, asked->buffer, sizeof(asked->buffer));
	return next_recipient(asked, &position) &&
	    span_equal(str_span(&asked->address), address);
}

struct span
asked_of(struct asked *asked, struct span address)
{
	uint64_t hash = hash_of(address);
	size_t first = first_of(asked, hash), count = asked->recipients.len;
	struct asked_recipient *list = asked->recipients.at;

	/* Those who were told of stand before the others of their hash. */
	for (size_t i = first < count ? first + list[first].told : count;
	     i < count && list[i].hash == hash; i++) {
		size_t next = first + list[first].told;
		uint64_t position = list[i].position;

		if (!is_at(asked, position, address))
			continue;
		list[i].position = list[next].position;
		list[next].position = position;
		list[first].told++;
		return str_span(&asked->parameters);
	}
	str_reset(&asked->parameters);
	return str_span(&asked->parameters);
}
