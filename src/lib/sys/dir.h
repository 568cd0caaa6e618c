/* dir.h - the names in a folder. */
#ifndef SYS_DIR_H
#define SYS_DIR_H

#include <dirent.h>

#include "base/attr.h"

struct dir {
	DIR *stream;
	unsigned char type; /* of the last name, as readdir(3) tells it */
};

/* dir_open: starts to list a folder.  Returns 0, -1 with errno. */
MUST_CHECK int dir_open(struct dir *dir, const char *path);

/*
 * dir_open_at: the same for a folder in the one that is open as above; ELOOP or
 * ENOTDIR if the name is a symbolic link.
 */
MUST_CHECK int dir_open_at(struct dir *dir, int above, const char *name);

/* dir_fd: the descriptor of the folder, good until dir_close. */
int dir_fd(const struct dir *dir);

/*
 * dir_next: the next name; "." and ".." are left out.
 *   name   receives it, good until the next call
 * Returns 1; 0 at the end; -1 with errno.
 */
MUST_CHECK int dir_next(struct dir *dir, const char **name);

/* What a name stands for, as far as the folder itself tells. */
enum dir_kind {
	DIR_UNKNOWN, /* it does not, or it is a link: stat tells */
	DIR_FILE,    /* a regular file */
	DIR_OTHER    /* a folder, a FIFO ... */
};

/* dir_kind: of the name that dir_next gave last. */
enum dir_kind dir_kind(const struct dir *dir);

/* dir_close: ends the listing; accepts one that was never opened ({NULL}). */
void dir_close(struct dir *dir);

#endif
