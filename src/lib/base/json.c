/*
 * json.c - text as JSON.
 * Input: hostile
 */
#include "base/json.h"

#include "base/ascii.h"
#include "base/utf8.h"

#define FIRST_SHOWN 0xa0 /* beyond ASCII; before it are control characters */

static void
add_escaped(struct str *text, unsigned character)
{
	static const char digits[] = "0123456789abcdef";

	str_add_z(text, "\\u00");
	str_add_byte(text, digits[character >> 4 & 15]);
	str_add_byte(text, digits[character & 15]);
}

/* How many bytes from the first on stand in a string as they are. */
static size_t
plain_len(struct span bytes)
{
	size_t len = 0;

	while (len < bytes.len && ascii_is_printable(bytes.s[len]) &&
	    bytes.s[len] != '"' && bytes.s[len] != '\\')
		len++;
	return len;
}

/* Adds the first character, which is none of these, and takes it. */
static void
add_character(struct str *text, struct span *bytes)
{
	struct span rest = *bytes;
	uint32_t character;

	if (!utf8_cut(&rest, &character)) {
		character = (unsigned char)bytes->s[0];
		rest = span_from(*bytes, 1);
		add_escaped(text, character);
	} else if (character == '"' || character == '\\') {
		str_add_byte(text, '\\');
		str_add_byte(text, bytes->s[0]);
	} else if (character < FIRST_SHOWN) {
		add_escaped(text, character);
	} else {
		str_add(text, span_upto(*bytes, bytes->len - rest.len));
	}
	*bytes = rest;
}

void
json_add_string(struct str *text, struct span bytes)
{
	str_add_byte(text, '"');
	while (bytes.len) {
		size_t len = plain_len(bytes);

		str_add(text, span_upto(bytes, len));
		bytes = span_from(bytes, len);
		if (bytes.len)
			add_character(text, &bytes);
	}
	str_add_byte(text, '"');
}

void
json_add_number(struct str *text, uint64_t number)
{
	bool is_large = number > JSON_NUMBER_MAX;

	if (is_large)
		str_add_byte(text, '"');
	str_add_u64(text, number);
	if (is_large)
		str_add_byte(text, '"');
}
