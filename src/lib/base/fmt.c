/* fmt.c - numbers to text. */
#include "base/fmt.h"

size_t
fmt_u64(char *out, uint64_t number)
{
	return fmt_u64_pad(out, number, 1);
}

size_t
fmt_u64_pad(char *out, uint64_t number, size_t width)
{
	size_t digits = 1;

	for (uint64_t rest = number / 10; rest; rest /= 10)
		digits++;
	if (digits < width)
		digits = width;
	for (size_t i = digits; i > 0; i--) {
		out[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	return digits;
}
