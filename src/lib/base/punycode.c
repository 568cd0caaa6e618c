/*
 * punycode.c - labels of host names beyond ASCII.
 * Input: hostile
 *
 * The ASCII characters of a label come first.  The others follow in the order
 * of their numbers, each as the distance from the one before it, counted over
 * all places where a character could stand, in digits of a base of 36 whose
 * last one is known by its value.
 */
#include "base/punycode.h"

#include <stdint.h>

#include "base/ascii.h"
#include "base/utf8.h"

/* RFC 3492 5 */
#define BASE	      36
#define LEAST	      1
#define MOST	      26
#define SKEW	      38
#define DAMP	      700
#define FIRST_BIAS    72
#define FIRST_BEYOND  0x80
#define A_LABEL_START "xn--"

/* So many cannot be written in an A-label; with them no number here gets
 * beyond 32 bits. */
struct characters {
	uint32_t at[PUNYCODE_LABEL_MAX];
	uint32_t count;
};

static bool
read_characters(struct span label, struct characters *characters)
{
	characters->count = 0;
	while (label.len) {
		uint32_t character;

		if (characters->count == PUNYCODE_LABEL_MAX ||
		    !utf8_cut(&label, &character))
			return false;
		characters->at[characters->count++] = character;
	}
	return true;
}

/* The smallest character from `least` on. */
static uint32_t
next_beyond(const struct characters *characters, uint32_t least)
{
	uint32_t next = UINT32_MAX;

	for (uint32_t i = 0; i < characters->count; i++)
		if (characters->at[i] >= least && characters->at[i] < next)
			next = characters->at[i];
	return next;
}

static void
add_digit(struct str *text, uint32_t value)
{
	str_add_byte(text, (char)(value < 26 ? 'a' + value : '0' + value - 26));
}

/* RFC 3492 6.1: distances that come next are likely to be like this one. */
static uint32_t
adapt_bias(uint32_t distance, uint32_t count, bool is_first)
{
	uint32_t steps = 0;

	distance = is_first ? distance / DAMP : distance / 2;
	distance += distance / count;
	for (; distance > (BASE - LEAST) * MOST / 2; steps += BASE)
		distance /= BASE - LEAST;
	return steps + (BASE - LEAST + 1) * distance / (distance + SKEW);
}

/* RFC 3492 6.3: a digit below its threshold is the last. */
static void
add_distance(struct str *text, uint32_t distance, uint32_t bias)
{
	for (uint32_t step = BASE;; step += BASE) {
		uint32_t threshold = step <= bias ? LEAST
		    : step >= bias + MOST	  ? MOST
						  : step - bias;

		if (distance < threshold)
			break;
		distance -= threshold;
		add_digit(text, threshold + distance % (BASE - threshold));
		distance /= BASE - threshold;
	}
	add_digit(text, distance);
}

/* Appends the ASCII characters, and returns their number. */
static uint32_t
add_ascii(struct str *text, const struct characters *characters)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < characters->count; i++)
		if (characters->at[i] < FIRST_BEYOND) {
			str_add_byte(
			    text, ascii_lower((char)characters->at[i]));
			count++;
		}
	if (count)
		str_add_byte(text, '-');
	return count;
}

static void
add_others(
    struct str *text, const struct characters *characters, uint32_t ascii_count)
{
	uint32_t done = ascii_count, bias = FIRST_BIAS, distance = 0;
	uint32_t reached = FIRST_BEYOND;

	while (done < characters->count) {
		uint32_t next = next_beyond(characters, reached);

		distance += (next - reached) * (done + 1);
		for (uint32_t i = 0; i < characters->count; i++) {
			if (characters->at[i] < next)
				distance++;
			if (characters->at[i] != next)
				continue;
			add_distance(text, distance, bias);
			bias =
			    adapt_bias(distance, done + 1, done == ascii_count);
			distance = 0;
			done++;
		}
		distance++;
		reached = next + 1;
	}
}

bool
punycode_add_label(struct str *text, struct span label)
{
	size_t start = text->len;
	struct characters characters;

	if (!read_characters(label, &characters))
		return false;
	str_add_z(text, A_LABEL_START);
	add_others(text, &characters, add_ascii(text, &characters));
	return text->len - start <= PUNYCODE_LABEL_MAX;
}
