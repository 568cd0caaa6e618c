/*
 * md5.c - the MD5 digest (RFC 1321).
 * Input: hostile
 */
#include "base/md5.h"

#include <stdint.h>
#include <string.h>

#include "base/secret.h"

#define BLOCK	  64
#define LENGTH_AT 56 /* where the last block has the length, in bits */
#define STEPS	  64

struct md5 {
	uint32_t state[4];
};

/* Step i adds 2^32 times the absolute sine of i + 1 radians. */
static const uint32_t sines[STEPS] = { 0xd76aa478, 0xe8c7b756, 0x242070db,
	0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8,
	0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e,
	0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87,
	0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
	0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60,
	0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
	0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7,
	0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f,
	0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391 };

/* How far step i turns, by its round of 16 and its place in four. */
static const unsigned char turns[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 },
	{ 4, 11, 16, 23 }, { 6, 10, 15, 21 } };

static uint32_t
turn(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

/* The mixing function of step i, and which word of the block it takes. */
static uint32_t
mix(unsigned i, const uint32_t s[4], unsigned *word)
{
	uint32_t b = s[1], c = s[2], d = s[3];

	switch (i / 16) {
	case 0:
		*word = i;
		return (b & c) | (~b & d);
	case 1:
		*word = (5 * i + 1) % 16;
		return (d & b) | (~d & c);
	case 2:
		*word = (3 * i + 5) % 16;
		return b ^ c ^ d;
	default:
		*word = 7 * i % 16;
		return c ^ (b | ~d);
	}
}

static void
add_block(struct md5 *md5, const char *bytes)
{
	const unsigned char *block = (const unsigned char *)bytes;
	uint32_t s[4];

	memcpy(s, md5->state, sizeof(s));
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned word;
		uint32_t sum = s[0] + mix(i, s, &word) + sines[i];
		const unsigned char *at = block + 4 * word;

		sum += (uint32_t)at[0] | (uint32_t)at[1] << 8 |
		    (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
		s[0] = s[3];
		s[3] = s[2];
		s[2] = s[1];
		s[1] += turn(sum, turns[i / 16][i % 4]);
	}
	for (int i = 0; i < 4; i++)
		md5->state[i] += s[i];
}

/* The end of the bytes, a bit 1, bits 0, and the length. */
static void
add_end(struct md5 *md5, struct span rest, uint64_t total)
{
	char tail[2 * BLOCK] = { 0 };
	size_t len = rest.len < LENGTH_AT ? BLOCK : 2 * BLOCK;

	if (rest.len)
		memcpy(tail, rest.s, rest.len);
	tail[rest.len] = (char)0x80;
	for (int i = 0; i < 8; i++)
		tail[len - 8 + (size_t)i] = (char)(total * 8 >> 8 * i & 255);
	for (size_t at = 0; at < len; at += BLOCK)
		add_block(md5, tail + at);
	secret_wipe(tail, sizeof(tail));
}

void
md5_add_hex(struct str *text, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";
	struct md5 md5 = { { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };
	struct span rest = bytes;

	for (; rest.len >= BLOCK; rest = span_from(rest, BLOCK))
		add_block(&md5, rest.s);
	add_end(&md5, rest, bytes.len);
	for (int i = 0; i < 16; i++) {
		unsigned byte = md5.state[i / 4] >> 8 * (i % 4) & 255;

		str_add_byte(text, digits[byte >> 4]);
		str_add_byte(text, digits[byte & 15]);
	}
	secret_wipe(&md5, sizeof(md5));
}
