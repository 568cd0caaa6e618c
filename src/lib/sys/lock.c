/* lock.c - exclusive locks on open files. */
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/file.h>
#include <time.h>

#include "sys/clock.h"

#define TRY_AGAIN 5  /* milliseconds */
#define STEPS	  10 /* tries in a second */

int
lock_wait(int fd)
{
	return flock(fd, LOCK_EX);
}

int
lock_try(int fd)
{
	int result;

	do
		result = flock(fd, LOCK_EX | LOCK_NB);
	while (result < 0 && errno == EINTR);
	return result;
}

/* The kernel knows no limit for this wait but a signal. */
int
lock_wait_shortly(int fd, int64_t milliseconds)
{
	int64_t until = clock_monotonic() + milliseconds;

	while (lock_try(fd) < 0) {
		if (errno != EWOULDBLOCK)
			return -1;
		if (clock_monotonic() >= until) {
			errno = EWOULDBLOCK;
			return -1;
		}
		(void)poll(NULL, 0, TRY_AGAIN);
	}
	return 0;
}

int
lock_try_record(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &whole);
}

int
lock_mailbox(int fd, unsigned seconds)
{
	static const struct timespec step = { 0, 1000000000 / STEPS };

	for (unsigned tries = 0; tries < seconds * STEPS; tries++) {
		if (lock_try(fd) == 0 && lock_try_record(fd) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EACCES && errno != EAGAIN)
			break;
		(void)nanosleep(&step, NULL);
	}
	return -1;
}
