/* secret.c - bytes that nobody may learn. */
#include "base/secret.h"

bool
secret_equal(struct span a, struct span b)
{
	unsigned char differences = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		differences |= (unsigned char)(a.s[i] ^ b.s[i]);
	return differences == 0;
}

void
secret_wipe(void *memory, size_t size)
{
	volatile unsigned char *bytes = memory;

	while (size)
		bytes[--size] = 0;
}
