/*
 * records.c - the names of very many messages in little memory.
 * Input: names hostile
 */
#include "records.h"

#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "mail/maildirname.h"

/* The place of a record is a chunk and an offset in it. */
#define OFFSET_BITS 18
#define CHUNK_SIZE  ((size_t)1 << OFFSET_BITS)
#define CHUNK_LEAST 1024
#define CHUNKS_MAX  ((size_t)1 << (32 - OFFSET_BITS))

/*
 * A record: flags and the number of the host in one byte each; where the host
 * belongs, if there is one; octets, if the name does not tell them; the rest
 * of the name, and a NUL.
 */
#define FLAG_NEW     1
#define FLAG_DELETED 2
#define FLAG_OCTETS  4 /* they are here */
#define HOST_AT	     1 /* number + 1, 0: none */
#define CUT_AT	     2
#define HEAD	     3
#define OCTETS_SIZE  6
#define OCTETS_MAX   (((uint64_t)1 << 8 * OCTETS_SIZE) - 1)
#define NAME_MAX_LEN 255 /* so that a byte can say where the host belongs */

static char *
record_at(const struct records *records, uint32_t place)
{
	return records->chunks.at[place >> OFFSET_BITS] +
	    (place & (CHUNK_SIZE - 1));
}

/* Where the name begins in a record. */
static size_t
name_at(const char *record)
{
	return HEAD + (record[0] & FLAG_OCTETS ? OCTETS_SIZE : 0);
}

/* ---- hosts ---- */

static struct span
host(const struct records *records, size_t number)
{
	return span_of(str_z(&records->host_bytes) + records->hosts.at[number]);
}

/* What lies between the second dot and what programs add. */
static struct span
find_host(struct span name)
{
	size_t dot = span_find(name, '.');
	struct span rest = span_from(name, dot + 1);

	rest = span_from(rest, span_find(rest, '.') + 1);
	rest = span_upto(rest, span_find(rest, ':'));
	return span_upto(rest, span_find(rest, ','));
}

/* The number + 1 of a host, which is noted if it is new; 0: no place. */
static unsigned
number_host(struct records *records, struct span name)
{
	for (size_t i = 0; i < records->hosts.len; i++)
		if (span_equal(host(records, i), name))
			return (unsigned)i + 1;
	if (name.len == 0 || records->hosts.len == RECORDS_HOSTS_MAX)
		return 0;
	vec_push(&records->hosts, records->host_bytes.len);
	str_add_field(&records->host_bytes, name);
	return (unsigned)records->hosts.len;
}

/* ---- adding ---- */

/* Room for so many bytes in the last chunk, which begins small: most sessions
 * have few messages. */
static void
grow_chunk(struct records *records, size_t wanted)
{
	char **chunk = &records->chunks.at[records->chunks.len - 1];
	size_t size = records->chunk_size ? records->chunk_size : CHUNK_LEAST;

	if (wanted <= records->chunk_size)
		return;
	while (size < wanted)
		size *= 2;
	*chunk = must_realloc(*chunk, size);
	records->chunk_size = size;
}

/* Room for so many bytes in one chunk; NULL with ENOMEM. */
static char *
make_room(struct records *records, size_t size, uint32_t *place)
{
	if (records->chunks.len == 0 ||
	    records->chunk_len + size > CHUNK_SIZE) {
		if (records->chunks.len == CHUNKS_MAX) {
			errno = ENOMEM;
			return NULL;
		}
		vec_push(&records->chunks, NULL);
		records->chunk_len = records->chunk_size = 0;
	}
	grow_chunk(records, records->chunk_len + size);
	*place = (uint32_t)((records->chunks.len - 1) << OFFSET_BITS |
	    records->chunk_len);
	records->chunk_len += size;
	return record_at(records, *place);
}

static bool
tells_octets(struct span name, uint64_t octets)
{
	struct maildirname parsed;

	maildirname_parse(name, &parsed);
	return parsed.has_octets && parsed.octets == octets;
}

int
records_add(struct records *records, const struct maildrop_message *message,
    uint32_t *place)
{
	struct span name = message->name, shared = find_host(name), after;
	uint64_t octets =
	    message->octets < OCTETS_MAX ? message->octets : OCTETS_MAX;
	bool has_octets = !tells_octets(name, octets);
	unsigned number;
	size_t cut, size;
	char *record;

	number = name.len <= NAME_MAX_LEN ? number_host(records, shared) : 0;
	cut = number ? (size_t)(shared.s - name.s) : name.len;
	after = span_from(name, cut + (number ? shared.len : 0));
	size = HEAD + (has_octets ? OCTETS_SIZE : 0) + cut + after.len + 1;
	record = make_room(records, size, place);
	if (!record)
		return -1;
	record[0] = (char)((message->is_new ? FLAG_NEW : 0) |
	    (message->is_deleted ? FLAG_DELETED : 0) |
	    (has_octets ? FLAG_OCTETS : 0));
	record[HOST_AT] = (char)number;
	record[CUT_AT] = (char)(number ? cut : 0);
	for (int i = 0; has_octets && i < OCTETS_SIZE; i++)
		record[HEAD + i] = (char)(octets >> 8 * i & 255);
	memcpy(record + name_at(record), name.s, cut);
	if (after.len)
		memcpy(record + name_at(record) + cut, after.s, after.len);
	record[size - 1] = '\0';
	return 0;
}

/* ---- asking ---- */

void
records_get(
    struct records *records, uint32_t place, struct maildrop_message *message)
{
	const char *record = record_at(records, place);
	const char *stored = record + name_at(record);
	size_t cut = (unsigned char)record[CUT_AT];
	struct maildirname parsed;

	str_set(&records->name, span_make(stored, cut));
	if (record[HOST_AT])
		str_add(
		    &records->name, host(records, (size_t)record[HOST_AT] - 1));
	str_add_z(&records->name, stored + cut);
	message->name = str_span(&records->name);
	message->is_new = record[0] & FLAG_NEW;
	message->is_deleted = record[0] & FLAG_DELETED;
	message->octets = 0;
	if (record[0] & FLAG_OCTETS) {
		for (int i = OCTETS_SIZE; i > 0; i--)
			message->octets = message->octets << 8 |
			    (unsigned char)record[HEAD + i - 1];
	} else {
		maildirname_parse(message->name, &parsed);
		message->octets = parsed.octets;
	}
}

void
records_mark(struct records *records, uint32_t place, bool is_deleted)
{
	char *record = record_at(records, place);

	record[0] = (char)(is_deleted ? record[0] | FLAG_DELETED
				      : record[0] & ~FLAG_DELETED);
}

static size_t
count_digits(const char *text)
{
	size_t len = 0;

	while (ascii_is_digit(text[len]))
		len++;
	return len;
}

/* Where names part in a number, the one with more digits is the larger. */
int
records_compare(const struct records *records, uint32_t one, uint32_t other)
{
	const char *a = record_at(records, one);
	const char *b = record_at(records, other);
	size_t a_digits, b_digits;

	a += name_at(a);
	b += name_at(b);
	for (; *a && *a == *b; a++)
		b++;
	a_digits = count_digits(a);
	b_digits = count_digits(b);
	if (a_digits != b_digits)
		return a_digits < b_digits ? -1 : 1;
	return (unsigned char)*a - (unsigned char)*b;
}

static unsigned
base_byte(const char *at)
{
	return *at == ':' ? 0 : (unsigned char)*at;
}

/* Of equal names the hosts are the same, or in both names. */
int
records_compare_bases(
    const struct records *records, uint32_t one, uint32_t other)
{
	const char *a = record_at(records, one);
	const char *b = record_at(records, other);
	int hosts = a[HOST_AT] - b[HOST_AT];

	a += name_at(a);
	b += name_at(b);
	for (; base_byte(a) && base_byte(a) == base_byte(b); a++)
		b++;
	if (base_byte(a) != base_byte(b))
		return base_byte(a) < base_byte(b) ? -1 : 1;
	return hosts;
}
