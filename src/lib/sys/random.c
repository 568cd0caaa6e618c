/* random.c - numbers that nobody can guess. */
#include "sys/random.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>

#include "base/must.h"

uint64_t
random_u64(void)
{
	uint64_t number;
	ssize_t got;

	do
		got = getrandom(&number, sizeof(number), 0);
	while (got < 0 && errno == EINTR);
	must(got == (ssize_t)sizeof(number));
	return number;
}

uint64_t
random_seed(void)
{
	/* 16 random bytes; the C library may use the first half itself. */
	const char *given = (const char *)getauxval(AT_RANDOM);
	uint64_t number;

	if (!given)
		return random_u64();
	memcpy(&number, given + 8, sizeof(number));
	return number;
}

uint32_t
random_below(uint32_t limit)
{
	must(limit > 0);
	return (uint32_t)(random_u64() % limit);
}
