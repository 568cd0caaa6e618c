/* base64.c - bytes as text.  Input: hostile. */
#include "base/base64.h"

#include <stdint.h>

#define GROUP 4

int
base64_value(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '+')
		return 62;
	return letter == '/' ? 63 : -1;
}

/* Takes a group of so many letters; the rest of it is =. */
static bool
decode_group(struct str *bytes, struct span letters)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < GROUP; i++) {
		int value = i < letters.len ? base64_value(letters.s[i]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i + 1 < letters.len; i++)
		str_add_byte(bytes, (char)(bits >> (16 - 8 * i) & 0xff));
	/* What is left over stands for nothing. */
	return letters.len == GROUP ||
	    (bits & (letters.len == 3 ? 0xff : 0xffff)) == 0;
}

size_t
base64_size(size_t text_len)
{
	return text_len / GROUP * 3;
}

bool
base64_decode(struct str *bytes, struct span text)
{
	size_t padding = span_ends(text, SPAN("==")) ? 2
	    : span_ends(text, SPAN("="))	     ? 1
						     : 0;

	if (text.len % GROUP)
		return false;
	while (text.len > GROUP) {
		if (!decode_group(bytes, span_upto(text, GROUP)))
			return false;
		text = span_from(text, GROUP);
	}
	return text.len == 0 ||
	    decode_group(bytes, span_upto(text, GROUP - padding));
}

void
base64_add(struct str *text, struct span bytes)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		unsigned group = (unsigned)(unsigned char)bytes.s[i] << 16;

		if (left > 1)
			group |= (unsigned)(unsigned char)bytes.s[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes.s[i + 2];
		str_add_byte(text, letters[group >> 18]);
		str_add_byte(text, letters[group >> 12 & 63]);
		str_add_byte(text, left > 1 ? letters[group >> 6 & 63] : '=');
		str_add_byte(text, left > 2 ? letters[group & 63] : '=');
	}
}
