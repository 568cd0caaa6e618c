/* lock.c - exclusive locks on open files. */
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

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

int
lock_try_record(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &whole);
}
