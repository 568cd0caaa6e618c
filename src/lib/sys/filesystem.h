/* filesystem.h - whether a file system keeps what it promises at a power cut. */
#ifndef SYS_FILESYSTEM_H
#define SYS_FILESYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/*
 * filesystem_weakness: why mail on the file system at path may get lost in a
 * power cut, as half a sentence: "is in memory".
 * Returns NULL if nothing is known against it.
 * Source: statfs(2); /proc/fs/jbd2 for the journal of ext4.
 */
const char *filesystem_weakness(const char *path);

/*
 * filesystem_has_room: whether somebody who is not root may write there: blocks
 * and inodes are free.  true if that cannot be told.
 */
bool filesystem_has_room(const char *path);

/*
 * filesystem_has_free: whether somebody who is not root may write so many
 * bytes there, as it looks now.  true if that cannot be told.
 */
bool filesystem_has_free(const char *path, uint64_t bytes);

/*
 * filesystem_sync: puts all that was done on the file system of an open folder
 * or file on the disk.  Returns 0, -1 with errno.
 */
MUST_CHECK int filesystem_sync(int fd);

#endif
