/* dir.c - the names in a folder. */
#include "sys/dir.h"

#include <errno.h>
#include <string.h>

int
dir_open(struct dir *dir, const char *path)
{
	dir->stream = opendir(path);
	return dir->stream ? 0 : -1;
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
	} while (!strcmp(*name, ".") || !strcmp(*name, ".."));
	return 1;
}

void
dir_close(struct dir *dir)
{
	if (dir->stream)
		(void)closedir(
		    dir->stream); /* only read from: nothing to lose */
	dir->stream = NULL;
}
