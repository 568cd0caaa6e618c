/*
 * local_mbox.c - delivery into an mbox, the last message of which may have
 * been cut short by a crash.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local_end.h"
#include "mail/fromline.h"
#include "mail/fromquote.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/out.h"

#define LOCK_SECONDS 30
#define OPEN_TRIES   10

/* Opens the file, or makes it; only a regular file will do. */
static int
open_mbox(const char *file)
{
	struct stat status;
	int fd = openat(AT_FDCWD, file,
	    O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	    0600);

	if (fd < 0 || fstat(fd, &status) < 0)
		local_end(LOCAL_MBOX_OPEN, file, errno);
	if (!S_ISREG(status.st_mode))
		local_end(LOCAL_MBOX_OPEN, file, EINVAL);
	return fd;
}

/* Opens it, and takes the locks of mail readers, one of which may put another
 * file in its place while we wait. */
static int
open_locked(const char *file)
{
	int fd;

	for (int tries = 0; tries < OPEN_TRIES; tries++) {
		fd = open_mbox(file);
		if (lock_mailbox(fd, LOCK_SECONDS) < 0)
			break;
		if (file_has_name(fd, file))
			return fd;
		fd_close(fd);
		errno = EWOULDBLOCK;
	}
	local_end(LOCAL_MBOX_LOCKED, file, errno);
}

static void
write_message(const struct local *local, struct out *out)
{
	struct fromquote quote = FROMQUOTE_INIT;
	struct str line = STR_INIT;
	char buffer[LOCAL_BLOCK];
	uint64_t position = 0;
	struct span bytes, piece;

	fromline_add_from(&line, span_of(local->sender), local->now);
	(void)out_add(out, str_span(&line));
	(void)out_add(out, str_span(&local->top));
	while (local_message_next(local, &position, buffer, &bytes))
		while (fromquote_next(&quote, &bytes, &piece))
			(void)out_add(out, piece);
	while ((piece = fromquote_end(&quote)).len)
		(void)out_add(out, piece);
	(void)out_add_z(out, "\n");
	str_free(&line);
}

/* Reads bytes that must be there. */
static void
read_at(int fd, char *bytes, size_t size, off_t position, const char *file)
{
	ssize_t got;

	do
		got = pread(fd, bytes, size, position);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)size)
		local_end(LOCAL_MBOX_WRITE, file, errno);
}

/*
 * NULs at the end are what a power cut makes of a message whose delivery had
 * not ended: they go.  Returns the length that is left.
 */
static off_t
drop_nuls(int fd, off_t len, const char *file)
{
	char block[4096];
	off_t old_len = len;
	ssize_t got = 0;

	while (len > 0 && got == 0) {
		size_t size =
		    len < (off_t)sizeof(block) ? (size_t)len : sizeof(block);

		read_at(fd, block, size, len - (off_t)size, file);
		got = (ssize_t)size;
		while (got > 0 && block[got - 1] == '\0')
			got--;
		len -= (off_t)size - got;
	}
	if (len < old_len && ftruncate(fd, len) < 0)
		local_end(LOCAL_MBOX_WRITE, file, errno);
	return len;
}

/* What the file lacks of the empty line that ends each message of an mbox
 * (mbox(5)), or readers take the next one for a part of the last. */
static const char *
missing_end(int fd, off_t len, const char *file)
{
	char end[2] = { '\n', '\n' };
	size_t size = len < 2 ? (size_t)len : 2;

	read_at(fd, end + 2 - size, size, len - (off_t)size, file);
	if (end[1] != '\n')
		return "\n\n";
	return end[0] == '\n' ? "" : "\n";
}

void
local_mbox(const struct local *local, const char *file)
{
	char buffer[LOCAL_BLOCK];
	int fd = open_locked(file);
	struct out out;
	off_t len;

	len = lseek(fd, 0, SEEK_END);
	if (len < 0)
		local_end(LOCAL_MBOX_OPEN, file, errno);
	len = drop_nuls(fd, len, file);
	out_init(&out, fd, buffer, sizeof(buffer));
	(void)out_add_z(&out, missing_end(fd, len, file));
	local_undo_by_truncate(fd, len);
	write_message(local, &out);
	if (out_flush(&out) < 0 || file_sync(fd) < 0 ||
	    (len == 0 && file_sync_folder_of(file) < 0))
		local_end(LOCAL_MBOX_WRITE, file, errno);
	local_hold_signals(true); /* it is done */
	local_undo_nothing();
	fd_close(fd);
}
