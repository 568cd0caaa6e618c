/* clock.c - the time. */
#include "sys/clock.h"

#include <time.h>

static struct timespec
read_clock(clockid_t id)
{
	struct timespec now = { 0, 0 };

	(void)clock_gettime(id, &now); /* cannot fail with these clocks */
	return now;
}

int64_t
clock_seconds(void)
{
	return read_clock(CLOCK_REALTIME).tv_sec;
}

uint64_t
clock_microseconds(void)
{
	struct timespec now = read_clock(CLOCK_REALTIME);

	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

int64_t
clock_monotonic(void)
{
	struct timespec now = read_clock(CLOCK_MONOTONIC);

	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

long
clock_local_offset(int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm local;

	return localtime_r(&when, &local) ? local.tm_gmtoff : 0;
}
