/* file.c - regular files. */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/fd.h"

#define READ_STEP 1024

static int
open_retrying(const char *path, int flags, unsigned mode)
{
	int fd;

	/* openat: musl's open makes two calls to close on exec. */
	do
		fd = openat(
		    AT_FDCWD, path, flags | O_CLOEXEC | O_NOCTTY, (mode_t)mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

int
file_open(const char *path)
{
	return open_retrying(path, O_RDONLY | O_NONBLOCK, 0);
}

int
file_open_nofollow(const char *path)
{
	return open_retrying(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
}

int
file_update(const char *path)
{
	return open_retrying(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW, 0);
}

int
file_create(const char *path, unsigned mode)
{
	return open_retrying(path, O_RDWR | O_CREAT | O_EXCL, mode);
}

int
file_create_unnamed(const char *folder, int *reader)
{
#ifdef O_TMPFILE
	struct str path = STR_INIT;
	int fd = open_retrying(folder, O_TMPFILE | O_RDWR | O_EXCL, 0600);

	*reader = -1;
	if (fd >= 0) {
		str_add_z(&path, "/proc/self/fd/");
		str_add_u64(&path, (uint64_t)fd);
		*reader = open_retrying(str_z(&path), O_RDONLY, 0);
		str_free(&path);
	}
	if (*reader >= 0)
		return fd;
	fd_close(fd);
#else
	(void)folder;
	*reader = -1;
	errno = ENOTSUP;
#endif
	return -1;
}

int
file_replace(const char *path, unsigned mode)
{
	return open_retrying(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, mode);
}

int
file_append(const char *path, unsigned mode)
{
	return open_retrying(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, mode);
}

/* A pipe whose writer has not come yet looks like an empty file. */
static int
refuse_pipe(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -1;
	if (!S_ISFIFO(status.st_mode))
		return 0;
	errno = EAGAIN; /* as with a writer who has written nothing yet */
	return -1;
}

/*
 * Appends what is left of fd.  With is_regular, a read that brings less than
 * was asked for is taken as the end, which saves one call for each file; and
 * a pipe is no file.
 */
static int
read_all(int fd, struct str *text, size_t max, bool is_regular)
{
	size_t old_len = text->len;
	char block[READ_STEP]; /* text grows by what came, not by what may */

	for (;;) {
		ssize_t got = fd_read(fd, block, sizeof(block));

		if (got < 0)
			return -1;
		str_add(text, span_make(block, (size_t)got));
		if (text->len - old_len > max) {
			errno = EFBIG;
			return -1;
		}
		if (got == 0 && is_regular && text->len == old_len)
			return refuse_pipe(fd);
		if (got == 0 || (is_regular && (size_t)got < sizeof(block)))
			return 0;
	}
}

int
file_read_fd(int fd, struct str *text, size_t max)
{
	return read_all(fd, text, max, false);
}

int
file_read_regular(int fd, struct str *text, size_t max)
{
	return read_all(fd, text, max, true);
}

int
file_read(const char *path, struct str *text, size_t max)
{
	int fd = file_open(path);
	int result;

	if (fd < 0)
		return -1;
	result = read_all(fd, text, max, true);
	fd_close(fd);
	return result;
}

int
file_read_named(const char *path, struct str *text, size_t max)
{
	size_t old_len = text->len;
	int fd = file_open(path);
	int result;

	if (fd < 0)
		return -1;
	result = read_all(fd, text, max, false);
	if (result == 0 && text->len == old_len)
		result = refuse_pipe(fd);
	fd_close(fd);
	return result;
}

int
file_move(const char *from, const char *to)
{
#ifdef SYS_renameat2
	const unsigned no_replace = 1; /* RENAME_NOREPLACE of renameat2(2) */

	if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, no_replace) ==
	    0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
#endif
	if (link(from, to) < 0)
		return -1;
	(void)unlink(from); /* two names do no harm */
	return 0;
}

int
file_reserve(int fd, uint64_t bytes)
{
	int result;

	do
		result = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes);
	while (result < 0 && errno == EINTR);
	return result < 0 && (errno == ENOSPC || errno == EDQUOT) ? -1 : 0;
}

int
file_sync(int fd)
{
	int result;

	do
		result = fsync(fd);
	while (result < 0 && errno == EINTR);
	return result;
}

int
file_sync_folder(const char *path)
{
	int fd = open_retrying(path, O_RDONLY | O_DIRECTORY, 0);
	int result;

	if (fd < 0)
		return -1;
	result = file_sync(fd);
	fd_close(fd);
	return result;
}

int
file_sync_folder_of(const char *path)
{
	struct span name = span_of(path);
	size_t slash = span_find_last(name, '/');
	struct str folder = STR_INIT;
	int result;

	if (slash == name.len)
		str_set(&folder, SPAN("."));
	else
		str_set(&folder, span_upto(name, slash ? slash : 1));
	result = file_sync_folder(str_z(&folder));
	str_free(&folder);
	return result;
}

bool
file_has_name(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 &&
	    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int
file_set_time(const char *path, int64_t seconds)
{
	struct timespec times[2] = { { .tv_sec = (time_t)seconds },
		{ .tv_sec = (time_t)seconds } };

	return utimensat(AT_FDCWD, path, times, 0);
}

int
file_touch(const char *path, unsigned mode, uid_t uid, gid_t gid)
{
	int fd = file_update(path);
	int result;

	if (fd >= 0)
		result = futimens(fd, NULL);
	else if (errno == ENOENT && (fd = file_create(path, mode)) >= 0)
		result = fchown(fd, uid, gid);
	else
		return -1;
	fd_close(fd);
	return result;
}

void
file_stamp_read(const char *path, struct file_stamp *stamp)
{
	struct stat st;

	*stamp = (struct file_stamp){ .is_there = false };
	if (stat(path, &st) < 0)
		return;
	stamp->is_there = true;
	stamp->inode = (uint64_t)st.st_ino;
	stamp->size = (uint64_t)st.st_size;
	stamp->seconds = (int64_t)st.st_mtim.tv_sec;
	stamp->nanoseconds = (int64_t)st.st_mtim.tv_nsec;
}

bool
file_stamp_equal(const struct file_stamp *one, const struct file_stamp *other)
{
	return one->is_there == other->is_there && one->inode == other->inode &&
	    one->size == other->size && one->seconds == other->seconds &&
	    one->nanoseconds == other->nanoseconds;
}

bool
file_is_missing(int number)
{
	return number == ENOENT || number == ENOTDIR;
}
