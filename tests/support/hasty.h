/*
 * hasty.h - included before everything in a build for tests, whose programs
 * live $HASTY times as fast: clocks run so much faster, and waits are so much
 * shorter.  Thus a test needs no day to see what happens after one.
 */
#ifndef TESTS_HASTY_H
#define TESTS_HASTY_H

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HASTY_SECOND 1000000000

static inline int64_t
hasty_speed(void)
{
	const char *given = getenv("HASTY");

	return given ? atol(given) : 1;
}

/* A time that is waited for, in whatever unit; never less than one. */
static inline int64_t
hasty_wait(int64_t time)
{
	return time > 0 ? (time + hasty_speed() - 1) / hasty_speed() : time;
}

/* Only one file asks for the time, so that this start is the only one. */
static inline int
hasty_clock_gettime(clockid_t id, struct timespec *now)
{
	static int64_t starts[2];
	int64_t *start = &starts[id == CLOCK_MONOTONIC];
	int64_t time;

	if ((clock_gettime)(id, now) < 0)
		return -1;
	time = (int64_t)now->tv_sec * HASTY_SECOND + now->tv_nsec;
	if (*start == 0)
		*start = time;
	time = *start + (time - *start) * hasty_speed();
	now->tv_sec = (time_t)(time / HASTY_SECOND);
	now->tv_nsec = (long)(time % HASTY_SECOND);
	return 0;
}

static inline int
hasty_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return (poll)(fds, count, (int)hasty_wait(timeout));
}

static inline int
hasty_setsockopt(
    int fd, int level, int option, const void *value, socklen_t size)
{
	struct timeval limit;
	int64_t time;

	if (level != SOL_SOCKET ||
	    (option != SO_RCVTIMEO && option != SO_SNDTIMEO))
		return (setsockopt)(fd, level, option, value, size);
	limit = *(const struct timeval *)value;
	time = hasty_wait((int64_t)limit.tv_sec * 1000000 + limit.tv_usec);
	limit.tv_sec = (time_t)(time / 1000000);
	limit.tv_usec = (suseconds_t)(time % 1000000);
	return (setsockopt)(fd, level, option, &limit, size);
}

static inline const struct timespec *
hasty_timespec(const struct timespec *timeout)
{
	static struct timespec limit;
	int64_t time;

	if (!timeout)
		return NULL;
	time = hasty_wait(
	    (int64_t)timeout->tv_sec * HASTY_SECOND + timeout->tv_nsec);
	limit.tv_sec = (time_t)(time / HASTY_SECOND);
	limit.tv_nsec = (long)(time % HASTY_SECOND);
	return &limit;
}

#define clock_gettime		  hasty_clock_gettime
#define poll(fds, count, timeout) hasty_poll(fds, count, timeout)
#define ppoll(fds, count, timeout, mask) \
	(ppoll)(fds, count, hasty_timespec(timeout), mask)
#define setsockopt hasty_setsockopt

#endif
