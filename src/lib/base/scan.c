/*
 * scan.c - text to numbers.
 * Input: hostile
 */
#include "base/scan.h"

#include "base/ascii.h"

size_t
scan_u64_prefix(struct span text, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < text.len && ascii_is_digit(text.s[i]); i++) {
		uint64_t digit = (uint64_t)(text.s[i] - '0');

		if (value > max / 10 || value * 10 > max - digit)
			value = max;
		else
			value = value * 10 + digit;
		if (digit > max)
			value = max;
	}
	if (i)
		*number = value;
	return i;
}

bool
scan_u64(struct span text, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint64_t digit = (uint64_t)(text.s[i] - '0');

		if (!ascii_is_digit(text.s[i]) || digit > max ||
		    value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (text.len == 0)
		return false;
	*number = value;
	return true;
}
