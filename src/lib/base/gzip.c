/* gzip.c - bytes made shorter.  Input: any bytes */
#include "base/gzip.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

#define WINDOW	     32768u /* so far back may a copy begin, RFC 1951 2 */
#define HASH_BITS    14
#define HASHES	     (1u << HASH_BITS)
#define COPY_MIN     3 /* bytes of a copy */
#define COPY_MAX     258
#define TRIES	     32 /* places that are looked at for the longest copy */
#define NOWHERE	     UINT32_MAX
#define BLOCK_FIXED  3 /* the last block, fixed codes; RFC 1951 3.2.3 */
#define BLOCK_BITS   3
#define END_OF_BLOCK 256
#define CRC_NIBBLES  16

struct deflate {
	struct str *text;
	uint32_t bits; /* that are not in *text yet, the first one lowest */
	unsigned bit_count;
	struct span bytes;
	/* Where in the bytes three with this hash were last seen, and for each place
	 * of the window where they were seen before it. */
	uint32_t last[HASHES], before[WINDOW];
};

/* ---- bits ---- */

/* The lowest first, RFC 1951 3.1.1. */
static void
put_bits(struct deflate *deflate, uint32_t bits, unsigned count)
{
	deflate->bits |= bits << deflate->bit_count;
	deflate->bit_count += count;
	while (deflate->bit_count >= 8) {
		str_add_byte(deflate->text, (char)(deflate->bits & 0xff));
		deflate->bits >>= 8;
		deflate->bit_count -= 8;
	}
}

/* A code, whose highest bit goes first. */
static void
put_code(struct deflate *deflate, uint32_t code, unsigned count)
{
	uint32_t turned = 0;

	for (unsigned i = 0; i < count; i++)
		turned |= (code >> i & 1) << (count - 1 - i);
	put_bits(deflate, turned, count);
}

/* A byte, the end, or how long a copy is; RFC 1951 3.2.6. */
static void
put_symbol(struct deflate *deflate, uint32_t symbol)
{
	if (symbol < 144)
		put_code(deflate, 0x30 + symbol, 8);
	else if (symbol < 256)
		put_code(deflate, 0x190 + symbol - 144, 9);
	else if (symbol < 280)
		put_code(deflate, symbol - 256, 7);
	else
		put_code(deflate, 0xc0 + symbol - 280, 8);
}

/* ---- copies ---- */

/* The last entry of a table, whose first fields grow, that is not above a number. */
struct range {
	uint16_t first;
	uint8_t extra_bits;
};

/* RFC 1951 3.2.5: of the symbols 257 to 285, and of the distances. */
static const struct range lengths[] = { { 3, 0 }, { 4, 0 }, { 5, 0 }, { 6, 0 },
	{ 7, 0 }, { 8, 0 }, { 9, 0 }, { 10, 0 }, { 11, 1 }, { 13, 1 },
	{ 15, 1 }, { 17, 1 }, { 19, 2 }, { 23, 2 }, { 27, 2 }, { 31, 2 },
	{ 35, 3 }, { 43, 3 }, { 51, 3 }, { 59, 3 }, { 67, 4 }, { 83, 4 },
	{ 99, 4 }, { 115, 4 }, { 131, 5 }, { 163, 5 }, { 195, 5 }, { 227, 5 },
	{ 258, 0 } };
static const struct range distances[] = { { 1, 0 }, { 2, 0 }, { 3, 0 },
	{ 4, 0 }, { 5, 1 }, { 7, 1 }, { 9, 2 }, { 13, 2 }, { 17, 3 }, { 25, 3 },
	{ 33, 4 }, { 49, 4 }, { 65, 5 }, { 97, 5 }, { 129, 6 }, { 193, 6 },
	{ 257, 7 }, { 385, 7 }, { 513, 8 }, { 769, 8 }, { 1025, 9 },
	{ 1537, 9 }, { 2049, 10 }, { 3073, 10 }, { 4097, 11 }, { 6145, 11 },
	{ 8193, 12 }, { 12289, 12 }, { 16385, 13 }, { 24577, 13 } };

static uint32_t
find_range(const struct range *ranges, size_t count, size_t number)
{
	size_t i = count - 1;

	while (ranges[i].first > number)
		i--;
	return (uint32_t)i;
}

static void
put_copy(struct deflate *deflate, size_t len, size_t distance)
{
	uint32_t at =
	    find_range(lengths, sizeof(lengths) / sizeof(*lengths), len);

	put_symbol(deflate, END_OF_BLOCK + 1 + at);
	put_bits(
	    deflate, (uint32_t)len - lengths[at].first, lengths[at].extra_bits);
	at = find_range(
	    distances, sizeof(distances) / sizeof(*distances), distance);
	put_code(deflate, at, 5);
	put_bits(deflate, (uint32_t)distance - distances[at].first,
	    distances[at].extra_bits);
}

static uint32_t
hash_of(const char *at)
{
	uint32_t three = (uint32_t)(unsigned char)at[0] |
	    (uint32_t)(unsigned char)at[1] << 8 |
	    (uint32_t)(unsigned char)at[2] << 16;

	return three * UINT32_C(2654435761) >> (32 - HASH_BITS);
}

/* Notes what stands at a place, of which three bytes are there. */
static void
note(struct deflate *deflate, size_t at)
{
	uint32_t *last = &deflate->last[hash_of(deflate->bytes.s + at)];

	deflate->before[at % WINDOW] = *last;
	*last = (uint32_t)at;
}

static size_t
common_len(const char *a, const char *b, size_t max)
{
	size_t len = 0;

	while (len < max && a[len] == b[len])
		len++;
	return len;
}

/* The longest copy of what stands at a place, as far as it is looked for.  Returns its
 * length, 0 if there is none. */
static size_t
find_copy(const struct deflate *deflate, size_t at, size_t *distance)
{
	const char *here = deflate->bytes.s + at;
	size_t max = deflate->bytes.len - at, best = COPY_MIN - 1;
	uint32_t place = deflate->last[hash_of(here)];

	if (max > COPY_MAX)
		max = COPY_MAX;
	for (int i = 0; i < TRIES && place != NOWHERE && best < max &&
	     at - place <= WINDOW;
	     i++) {
		size_t len = common_len(deflate->bytes.s + place, here, max);

		if (len > best) {
			best = len;
			*distance = at - place;
		}
		place = deflate->before[place % WINDOW];
	}
	return best < COPY_MIN ? 0 : best;
}

static void
deflate_all(struct deflate *deflate)
{
	size_t len = deflate->bytes.len;
	size_t last =
	    len < COPY_MIN ? 0 : len - COPY_MIN + 1; /* that has three */

	put_bits(deflate, BLOCK_FIXED, BLOCK_BITS);
	for (size_t at = 0, next; at < len; at = next) {
		size_t distance, copy = 0;

		if (at < last)
			copy = find_copy(deflate, at, &distance);
		if (copy)
			put_copy(deflate, copy, distance);
		else
			put_symbol(
			    deflate, (unsigned char)deflate->bytes.s[at]);
		next = at + (copy ? copy : 1);
		for (size_t i = at; i < next && i < last; i++)
			note(deflate, i);
	}
	put_symbol(deflate, END_OF_BLOCK);
	put_bits(deflate, 0, 7); /* so that the last byte is there */
}

/* ---- gzip ---- */

static uint32_t
checksum(struct span bytes)
{
	static const uint32_t nibbles[CRC_NIBBLES] = { 0x00000000, 0x1db71064,
		0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158,
		0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < bytes.len; i++) {
		crc ^= (unsigned char)bytes.s[i];
		crc = crc >> 4 ^ nibbles[crc & 15];
		crc = crc >> 4 ^ nibbles[crc & 15];
	}
	return ~crc;
}

/* The lowest byte first. */
static void
add_number(struct str *text, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		str_add_byte(text, (char)(number >> 8 * i & 0xff));
}

void
gzip_add(struct str *text, struct span bytes)
{
	struct deflate *deflate = must_realloc(NULL, sizeof(*deflate));

	must(bytes.len < UINT32_MAX);
	deflate->text = text;
	deflate->bits = 0;
	deflate->bit_count = 0;
	deflate->bytes = bytes;
	memset(deflate->last, 0xff, sizeof(deflate->last)); /* NOWHERE */
	/* Deflate, no name, no time, of no known system. */
	str_add(text, SPAN("\x1f\x8b\x08\0\0\0\0\0\0\xff"));
	deflate_all(deflate);
	add_number(text, checksum(bytes));
	add_number(text, (uint32_t)bytes.len);
	must_free(deflate);
}
