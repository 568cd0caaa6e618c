/* dir.h - the names in a folder. */
#ifndef SYS_DIR_H
#define SYS_DIR_H

#include <dirent.h>

#include "base/attr.h"

struct dir {
	DIR *stream;
};

/* dir_open: starts to list a folder.  Returns 0, -1 with errno. */
MUST_CHECK int dir_open(struct dir *dir, const char *path);

/*
 * dir_next: the next name; "." and ".." are left out.
 *   name   receives it, good until the next call
 * Returns 1; 0 at the end; -1 with errno.
 */
MUST_CHECK int dir_next(struct dir *dir, const char **name);

/* dir_close: ends the listing; accepts one that was never opened ({NULL}). */
void dir_close(struct dir *dir);

#endif
