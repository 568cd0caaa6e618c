/* utf8_fuzz.c - any bytes: UTF-8 is what a decoder of another kind decodes, and
 * encodes to the same bytes again. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Bytes that the character has at least. */
static size_t
length_of(uint32_t character)
{
	return character < 0x80	    ? 1
	    : character < 0x800	    ? 2
	    : character < 0x10000   ? 3
	    : character <= 0x10ffff ? 4
				    : 0;
}

static bool
decodes(const uint8_t *bytes, size_t size)
{
	size_t len;

	for (; size; bytes += len, size -= len) {
		uint32_t character = bytes[0];

		len = 1;
		if (character >= 0x80) {
			while (len < 7 && bytes[0] & 0x80u >> len)
				len++;
			if (len < 2 || len > 4 || len > size)
				return false;
			character &= 0x7fu >> len;
		}
		for (size_t i = 1; i < len; i++) {
			if (bytes[i] >> 6 != 2)
				return false;
			character = character << 6 | (bytes[i] & 0x3f);
		}
		if (length_of(character) != len ||
		    (character >= 0xd800 && character < 0xe000))
			return false;
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = span_make((const char *)bytes, size);
	bool is_ascii = true;

	for (size_t i = 0; i < size; i++)
		is_ascii = is_ascii && bytes[i] < 0x80;
	must(utf8_is_valid(text) == decodes(bytes, size));
	must(utf8_is_ascii(text) == is_ascii);
	return 0;
}
