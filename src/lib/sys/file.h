/* file.h - regular files. */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/str.h"

/*
 * file_open: opens for reading; never blocks (a FIFO gives no data).
 * Returns the descriptor, -1 with errno.
 */
MUST_CHECK int file_open(const char *path);

/* file_open_nofollow: the same, but ELOOP if path is a symbolic link. */
MUST_CHECK int file_open_nofollow(const char *path);

/* file_update: opens an existing file for reading and writing; ELOOP if path
 * is a symbolic link.  Returns the descriptor, -1 with errno. */
MUST_CHECK int file_update(const char *path);

/*
 * file_create: makes a new file for writing and reading; EEXIST if the name
 * is taken.  mode is cut by the umask.  Returns the descriptor, -1 with errno.
 */
MUST_CHECK int file_create(const char *path, unsigned mode);

/*
 * file_create_unnamed: makes a file that never has a name, and so goes with who has it
 * open, whatever ends him.
 *   folder   on whose file system it is
 *   reader   receives a second descriptor, for reading from the begin
 * Returns the descriptor, for writing and reading; -1 with errno: also where the system,
 * or the file system, has no such files, and without /proc.
 */
MUST_CHECK int file_create_unnamed(const char *folder, int *reader);

/*
 * file_replace: opens for writing, empties the file or makes it.  Never
 * follows a symbolic link.  Returns the descriptor, -1 with errno.
 */
MUST_CHECK int file_replace(const char *path, unsigned mode);

/*
 * file_append: opens for appending, makes the file when it is missing.
 * Returns the descriptor, -1 with errno.
 */
MUST_CHECK int file_append(const char *path, unsigned mode);

/*
 * file_read: appends the whole file to text.
 *   max   EFBIG if the file is longer than this
 * Returns 0; -1 with errno: ENOENT if there is none, EAGAIN if it is a pipe
 * that nobody writes to.
 */
MUST_CHECK int file_read(const char *path, struct str *text, size_t max);

/* file_read_named: the same of a path that somebody has named, which may be a
 * pipe: EAGAIN too if its writer has not come to the end yet. */
MUST_CHECK int file_read_named(const char *path, struct str *text, size_t max);

/* file_read_fd: the same from an open descriptor, which stays open. */
MUST_CHECK int file_read_fd(int fd, struct str *text, size_t max);

/* file_read_regular: the same from a regular file: a read that brings less
 * than was asked for is taken as the end, which saves one call. */
MUST_CHECK int file_read_regular(int fd, struct str *text, size_t max);

/*
 * file_move: gives a file another name on the same file system; EEXIST if
 * that is taken.  Returns 0, -1 with errno.
 */
MUST_CHECK int file_move(const char *from, const char *to);

/*
 * file_reserve: has so many bytes from the begin of a file kept for it on the disk,
 * without making it longer.
 * Returns 0, also where the file system cannot; -1 with errno: ENOSPC, EDQUOT.
 */
MUST_CHECK int file_reserve(int fd, uint64_t bytes);

/*
 * file_sync: fsync(2).  After a failure the file must be thrown away: a second
 * call may succeed with the data gone.  Returns 0, -1 with errno.
 */
MUST_CHECK int file_sync(int fd);

/*
 * file_sync_folder: fsync of the folder at path, which keeps the names in it.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int file_sync_folder(const char *path);

/* file_sync_folder_of: the same for the folder that holds the name of a file. */
MUST_CHECK int file_sync_folder_of(const char *path);

/* file_has_name: whether the open file is the one of this name: somebody may have
 * put another in its place since it was opened. */
bool file_has_name(int fd, const char *path);

/* file_set_time: sets access and modification time, in seconds.
 * Returns 0, -1 with errno. */
MUST_CHECK int file_set_time(const char *path, int64_t seconds);

/* What a file looked like: enough to see that it was changed or replaced. */
struct file_stamp {
	bool is_there; /* else, and where stat fails, all is zero */
	uint64_t inode, size;
	int64_t seconds, nanoseconds; /* modification time */
};

/* file_stamp_read: looks at the file now. */
void file_stamp_read(const char *path, struct file_stamp *stamp);

/* file_stamp_equal: whether nothing has changed from one look to the other. */
bool
file_stamp_equal(const struct file_stamp *one, const struct file_stamp *other);

/*
 * file_touch: sets the modification time to now.
 *   mode, uid, gid   those of the file if it is missing: it is made, empty
 * Returns 0, -1 with errno.
 */
MUST_CHECK int
file_touch(const char *path, unsigned mode, uid_t uid, gid_t gid);

/* file_is_missing: whether errno says that there is no such file. */
bool file_is_missing(int number);

#endif
