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
