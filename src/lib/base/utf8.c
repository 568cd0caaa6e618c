/* utf8.c - text beyond ASCII.  Input: hostile. */
#include "base/utf8.h"

#include <string.h>

#define HIGH_BITS 0x8080808080808080u /* of eight bytes */

bool
utf8_is_ascii(struct span text)
{
	uint64_t seen = 0;

	while (text.len >= sizeof(seen)) {
		uint64_t eight;

		memcpy(&eight, text.s, sizeof(eight));
		seen |= eight;
		text = (struct span){ text.s + sizeof(eight),
			text.len - sizeof(eight) };
	}
	for (size_t i = 0; i < text.len; i++)
		seen |= (unsigned char)text.s[i];
	return (seen & HIGH_BITS) == 0;
}

/* The range that the second byte of a sequence must be in (RFC 3629 4). */
static bool
is_second(unsigned char first, unsigned char second)
{
	unsigned least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= least && second <= most;
}

/* The length of the sequence that the text starts with; 0 if it is none. */
static size_t
sequence_of(struct span text)
{
	const unsigned char *bytes = (const unsigned char *)text.s;
	size_t len = bytes[0] < 0x80		   ? 1
	    : bytes[0] >= 0xc2 && bytes[0] <= 0xdf ? 2
	    : bytes[0] >= 0xe0 && bytes[0] <= 0xef ? 3
	    : bytes[0] >= 0xf0 && bytes[0] <= 0xf4 ? 4
						   : 0;

	if (len > text.len)
		return 0;
	if (len > 1 && !is_second(bytes[0], bytes[1]))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool
utf8_is_valid(struct span text)
{
	while (text.len) {
		size_t len = sequence_of(text);

		if (len == 0)
			return false;
		text = span_from(text, len);
	}
	return true;
}

bool
utf8_cut(struct span *text, uint32_t *character)
{
	static const unsigned char first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const unsigned char *bytes = (const unsigned char *)text->s;
	size_t len = sequence_of(*text);

	if (len == 0)
		return false;
	*character = bytes[0] & first_bits[len];
	for (size_t i = 1; i < len; i++)
		*character = *character << 6 | (bytes[i] & 0x3fu);
	*text = span_from(*text, len);
	return true;
}
