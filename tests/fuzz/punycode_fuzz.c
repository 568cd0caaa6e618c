/* punycode_fuzz.c - any label: what is made of it decodes to it again. */
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/punycode.h"
#include "base/utf8.h"

#define CHARACTERS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint32_t
value_of(char digit)
{
	return ascii_is_digit(digit) ? (uint32_t)(digit - '0') + 26
				     : (uint32_t)(digit - 'a');
}

static uint32_t
next_bias(uint32_t distance, uint32_t count, int is_first)
{
	uint32_t k = 0;

	distance /= is_first ? 700 : 2;
	distance += distance / count;
	while (distance > 455) {
		distance /= 35;
		k += 36;
	}
	return k + 36 * distance / (distance + 38);
}

/* RFC 3492 6.2; returns the number of characters. */
static size_t
decode(struct span text, uint32_t *characters)
{
	size_t dash = span_find_last(text, '-'), count = 0;
	uint32_t n = 128, i = 0, bias = 72;

	for (size_t at = 0; dash < text.len && at < dash; at++)
		characters[count++] = (unsigned char)text.s[at];
	if (dash < text.len)
		text = span_from(text, dash + 1);
	while (text.len) {
		uint32_t old = i, weight = 1;

		for (uint32_t k = 36;; k += 36) {
			uint32_t t = k <= bias ? 1
			    : k >= bias + 26   ? 26
					       : k - bias;
			uint32_t digit;

			must(text.len > 0);
			digit = value_of(text.s[0]);
			text = span_from(text, 1);
			must(digit < 36);
			i += digit * weight;
			if (digit < t)
				break;
			weight *= 36 - t;
		}
		must(++count < CHARACTERS_MAX);
		bias = next_bias(i - old, (uint32_t)count, old == 0);
		n += i / (uint32_t)count;
		i %= (uint32_t)count;
		for (size_t at = count - 1; at > i; at--)
			characters[at] = characters[at - 1];
		characters[i++] = n;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span label = span_make((const char *)bytes, size);
	uint32_t found[CHARACTERS_MAX], character;
	struct str text = STR_INIT;
	size_t count;

	if (!utf8_is_ascii(label) && punycode_add_label(&text, label)) {
		must(utf8_is_valid(label) && utf8_is_ascii(str_span(&text)));
		must(text.len <= PUNYCODE_LABEL_MAX);
		count = decode(span_from(str_span(&text), 4), found);
		for (size_t i = 0; i < count; i++) {
			must(label.len && utf8_cut(&label, &character));
			if (character < 0x80)
				character =
				    (unsigned char)ascii_lower((char)character);
			must(character == found[i]);
		}
		must(label.len == 0);
	}
	str_free(&text);
	return 0;
}
