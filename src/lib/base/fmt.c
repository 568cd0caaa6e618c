/* fmt.c - numbers to text. */
#include "base/fmt.h"

#include <string.h>

size_t
fmt_u64(char *out, uint64_t number)
{
	return fmt_u64_pad(out, number, 1);
}

size_t
fmt_u64_pad(char *out, uint64_t number, size_t width)
{
	char digits[FMT_U64_MAX];
	size_t first = sizeof(digits), count;

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	count = sizeof(digits) - first;
	if (count > width)
		width = count;
	memset(out, '0', width - count);
	memcpy(out + width - count, digits + first, count);
	return width;
}
