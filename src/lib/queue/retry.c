/* retry.c - when what did not work is tried again. */
#include "queue/retry.h"

/* Steps of the schedule, in seconds: square root of the age grows by this. */
static const int64_t retry_steps[CHANNELS] = { 10, 20 };

static int64_t
square_root(int64_t n)
{
	int64_t root = 0;

	for (int64_t bit = (int64_t)1 << 31; bit; bit >>= 1)
		if ((root + bit) * (root + bit) <= n)
			root += bit;
	return root;
}

int64_t
retry_next(int64_t birth, int64_t now, enum channel_id channel)
{
	int64_t age = now > birth ? now - birth : 0;
	int64_t root = square_root(age) + retry_steps[channel];

	return birth + root * root;
}

int64_t
retry_longest_wait(int64_t lifetime, enum channel_id channel)
{
	int64_t root = square_root(lifetime);

	return retry_next(0, root * root, channel) - root * root;
}
