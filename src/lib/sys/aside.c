/* aside.c - a file that takes the place of another when it is whole. */
#include "sys/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"

#define PRIVATE 0600 /* as long as it is not whole */

/* A file without a lock or its name is not ours: it is left as it is. */
static int
open_locked(const char *path)
{
	int fd;

	do
		fd = openat(AT_FDCWD, path,
		    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		    PRIVATE);
	while (fd < 0 && errno == EINTR);
	if (fd < 0 || lock_try(fd) < 0)
		goto failed;
	/* Who was before us may have renamed it before our lock. */
	if (!file_has_name(fd, path)) {
		errno = EWOULDBLOCK;
		goto failed;
	}
	return fd;
failed:
	fd_close(fd);
	return -1;
}

int
aside_open(struct aside *aside, const char *path, const char *result)
{
	aside->path = path;
	aside->result = result;
	aside->fd = open_locked(path);
	if (aside->fd < 0)
		return -1;
	/* One that was left over may be open to others. */
	if (fchmod(aside->fd, PRIVATE) == 0 && ftruncate(aside->fd, 0) == 0)
		return 0;
	aside_abandon(aside);
	return -1;
}

int
aside_finish(struct aside *aside, unsigned mode)
{
	if (fchmod(aside->fd, (mode_t)mode) < 0 || file_sync(aside->fd) < 0 ||
	    rename(aside->path, aside->result) < 0) {
		aside_abandon(aside);
		return -1;
	}
	fd_close(aside->fd);
	return file_sync_folder_of(aside->result);
}

void
aside_abandon(struct aside *aside)
{
	int number = errno;

	(void)unlink(aside->path); /* it is in nobody's way */
	fd_close(aside->fd);
	aside->fd = -1;
	errno = number;
}

int
aside_write(const char *path, struct span text, unsigned mode)
{
	struct str new = STR_INIT;
	struct aside aside;
	int result;

	str_add_z(&new, path);
	str_add_z(&new, ".new");
	result = aside_open(&aside, str_z(&new), path);
	if (result == 0) {
		result = fd_write_all(aside.fd, text);
		if (result < 0)
			aside_abandon(&aside);
		else
			result = aside_finish(&aside, mode);
	}
	str_free(&new);
	return result;
}
