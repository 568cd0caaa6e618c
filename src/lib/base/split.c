/*
 * split.c - lines into words, fast.
 * Input: hostile
 *
 * A line is looked at eight bytes at a time.  In such a block the top bit of each
 * byte tells whether it ends a word, so that bytes inside of words cost nothing
 * each.
 */
#include "base/split.h"

#include <stdint.h>

#define BLOCK	 8
#define EACH(b)	 (UINT64_C(0x0101010101010101) * (b))
#define TOP_BITS EACH(0x80)

/* The first byte is the lowest, on every machine. */
static uint64_t
load(const char *s)
{
	const unsigned char *b = (const unsigned char *)s;

	return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 |
	    (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 |
	    (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

/* The top bits of bytes up to a blank.  The sum sets it for all others below 128,
 * and carries nothing into the next byte. */
static uint64_t
ends_in(uint64_t block)
{
	return ~(((block & ~TOP_BITS) + EACH(0x7f - ' ')) | block) & TOP_BITS;
}

/* The place of the lowest of these bits: each shifts its own place to the top. */
static size_t
first_of(uint64_t ends)
{
	return (((ends & (~ends + 1)) >> 7) * UINT64_C(0x0001020304050607)) >>
	    56;
}

struct splitting {
	struct span line, *words;
	size_t room, count, start;
};

/* A word ends; between two blanks there is none.  Returns whether that was the
 * last that has room. */
static inline bool
end_word(struct splitting *splitting, size_t end)
{
	size_t start = splitting->start;

	splitting->start = end + 1;
	if (end > start)
		splitting->words[splitting->count++] =
		    span_make(splitting->line.s + start, end - start);
	return splitting->count == splitting->room;
}

static void
split(struct splitting *splitting)
{
	struct span line = splitting->line;
	size_t at = 0;

	for (; at + BLOCK <= line.len; at += BLOCK)
		for (uint64_t ends = ends_in(load(line.s + at)); ends;
		     ends &= ends - 1)
			if (end_word(splitting, at + first_of(ends)))
				return;
	for (; at < line.len; at++)
		if ((unsigned char)line.s[at] <= ' ' && end_word(splitting, at))
			return;
	(void)end_word(splitting, line.len);
}

size_t
split_words(struct span line, struct span words[], size_t room)
{
	struct splitting splitting = { line, words, room, 0, 0 };

	if (room)
		split(&splitting);
	for (size_t i = splitting.count; i < room; i++)
		words[i] = span_from(line, line.len);
	return splitting.count;
}
