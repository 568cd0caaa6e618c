/*
 * local_maildir.c - delivery into a Maildir.
 *
 * Written to tmp, synced, moved to new, and new is synced: from then on it
 * cannot get lost.  Whatever fails leaves nothing behind.
 */
#include "local.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/control.h"
#include "config/home.h"
#include "local_end.h"
#include "mail/maildirname.h"
#include "maildir.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/out.h"

#define NAME_TRIES 3
#define HOST_MAX   256

static void
add_unique_name(struct str *path, unsigned number)
{
	char host[HOST_MAX];

	if (gethostname(host, sizeof(host)) < 0)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	maildirname_add_unique(
	    path, clock_microseconds(), (uint64_t)getpid(), number, host);
}

/* Ends; tells a folder that cannot be entered from anything else. */
NORETURN static void
fail(const char *folder)
{
	struct str inside = STR_INIT;
	struct stat status;
	int saved = errno;

	str_set(&inside, span_of(folder));
	str_add_z(&inside, "/.");
	if (stat(str_z(&inside), &status) < 0)
		local_end(LOCAL_MAILDIR_ENTER, folder, errno);
	local_end(LOCAL_MAILDIR_WRITE, folder, saved);
}

static void
write_message(const struct local *local, const char *folder, int fd,
    struct maildirname_sizes *sizes)
{
	char buffer[LOCAL_BLOCK], out_buffer[LOCAL_BLOCK];
	uint64_t position = 0;
	struct span bytes;
	struct out out;

	out_init(&out, fd, out_buffer, sizeof(out_buffer));
	maildirname_count(sizes, str_span(&local->top));
	(void)out_add(&out, str_span(&local->top));
	while (local_message_next(local, &position, buffer, &bytes)) {
		maildirname_count(sizes, bytes);
		if (out_add(&out, bytes) < 0)
			break;
	}
	if (out_flush(&out) < 0 || file_sync(fd) < 0)
		fail(folder);
}

/*
 * Makes the Maildir of the default delivery, which nobody has made yet, if
 * control/makemaildir allows that.  Returns whether it is there now.
 */
static bool
make_folder(const struct local *local, const char *folder)
{
	uint64_t may_make = 1;

	if (!local->is_default ||
	    control_read_number(home_make_maildir, 1, &may_make) < 0 ||
	    !may_make)
		return false;
	return (mkdir(folder, 0700) == 0 || errno == EEXIST) &&
	    maildir_fill(folder) == 0 && file_sync_folder(folder) == 0 &&
	    file_sync_folder(".") == 0;
}

/* Makes the file in tmp; path receives its name, and is to stay: it is undone
 * by unlinking that. */
static int
create_file(const struct local *local, const char *folder, struct str *path)
{
	bool is_made = false;

	for (unsigned number = 1;; number++) {
		int fd;

		str_set(path, span_of(folder));
		str_add_z(path, "/tmp/");
		add_unique_name(path, number);
		local_undo_by_unlink(str_z(path));
		fd = file_create(str_z(path), 0600);
		if (fd >= 0)
			return fd;
		local_undo_nothing(); /* it is not ours */
		if (errno == ENOENT && !is_made) {
			is_made = make_folder(local, folder);
			if (is_made)
				continue;
			errno = ENOENT;
		}
		if (errno != EEXIST || number == NAME_TRIES)
			fail(folder);
	}
}

void
local_maildir(const struct local *local, const char *folder)
{
	struct str tmp = STR_INIT, new = STR_INIT, new_folder = STR_INIT;
	struct maildirname_sizes sizes = MAILDIRNAME_SIZES_INIT;
	int fd = create_file(local, folder, &tmp);

	write_message(local, folder, fd, &sizes);
	fd_close(fd);
	str_set(&new_folder, span_of(folder));
	str_add_z(&new_folder, "/new");
	str_set(&new, str_span(&new_folder));
	str_add(&new,
	    span_from(str_span(&tmp), span_find_last(str_span(&tmp), '/')));
	maildirname_add_sizes(&new, &sizes);
	/* From here on a signal takes nothing back: somebody may have read it,
	 * and it is done. */
	local_hold_signals(true);
	if (file_move(str_z(&tmp), str_z(&new)) < 0)
		fail(folder);
	local_undo_by_unlink(str_z(&new));
	if (file_sync_folder(str_z(&new_folder)) < 0)
		fail(folder);
	local_undo_nothing();
	str_free(&tmp);
	str_free(&new);
	str_free(&new_folder);
}
