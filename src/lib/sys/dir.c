/* dir.c - the names in a folder. */
#include "sys/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sys/fd.h"

int
dir_open(struct dir *dir, const char *path)
{
	dir->stream = opendir(path);
	return dir->stream ? 0 : -1;
}

int
dir_open_at(struct dir *dir, int above, const char *name)
{
	int fd = openat(
	    above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	dir->stream = fd < 0 ? NULL : fdopendir(fd);
	if (dir->stream)
		return 0;
	fd_close(fd);
	return -1;
}

int
dir_fd(const struct dir *dir)
{
	return dirfd(dir->stream);
}

int
dir_next(struct dir *dir, const char **name)
{
	struct dirent *entry;

	do {
		errno = 0;
		if (!(entry = readdir(dir->stream)))
			return errno ? -1 : 0;
		*name = entry->d_name;
		dir->type = entry->d_type;
	} while (!strcmp(*name, ".") || !strcmp(*name, ".."));
	return 1;
}

enum dir_kind
dir_kind(const struct dir *dir)
{
	switch (dir->type) {
	case DT_REG:
		return DIR_FILE;
	case DT_UNKNOWN:
	case DT_LNK:
		return DIR_UNKNOWN;
	default:
		return DIR_OTHER;
	}
}

void
dir_close(struct dir *dir)
{
	if (dir->stream)
		(void)closedir(
		    dir->stream); /* only read from: nothing to lose */
	dir->stream = NULL;
}
