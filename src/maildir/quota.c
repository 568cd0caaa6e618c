/*
 * quota.c - what may be in a Maildir++, and what is.
 * Input: names and sizes hostile as far as who sends mail chooses them
 */
#include "quota.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "mail/maildirname.h"
#include "mail/maildirquota.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/file.h"

#define SIZES	     "maildirsize"
#define TRASH	     ".Trash"
#define SIZES_MAX    5120 /* bytes; a longer file is made anew */
#define SIZES_AGE    900  /* seconds; an older one is not believed when full */
#define SIZES_ASIDE  "tmp/maildirsize."
#define READ_AT_MOST 65536

/* What maildirsize says. */
struct sizes {
	struct str text;
	struct span definition; /* its first line */
	struct maildirquota_use use;
	size_t lines; /* behind that */
	int64_t age;  /* seconds */
};

/* ---- looking at each message ---- */

struct counting {
	bool is_look; /* at the folders only, not at what is in them */
	struct maildirquota_use use;
	/* When a folder was changed last. */
	struct timespec changed;
};

/* Messages that are marked to go do not count. */
static int
count_file(struct counting *counting, const char *path, const char *name)
{
	uint64_t size;
	struct stat status;

	if (maildirname_has_flag(span_of(name), 'T'))
		return 0;
	if (!maildirname_find_size(span_of(name), &size)) {
		if (stat(path, &status) < 0)
			return file_is_missing(errno) ? 0 : -1;
		size = (uint64_t)status.st_size;
	}
	counting->use.bytes += (int64_t)size;
	counting->use.messages++;
	return 0;
}

static void
note_change(struct counting *counting, const struct timespec *when)
{
	struct timespec *last = &counting->changed;

	if (when->tv_sec > last->tv_sec ||
	    (when->tv_sec == last->tv_sec && when->tv_nsec > last->tv_nsec))
		*last = *when;
}

/* Counts what is in new or cur; a folder without one has nothing in it. */
static int
count_folder(struct counting *counting, const char *path)
{
	struct str file = STR_INIT;
	struct stat status;
	struct dir dir;
	const char *name;
	int got;

	if (stat(path, &status) < 0)
		return file_is_missing(errno) ? 0 : -1;
	note_change(counting, &status.st_mtim);
	if (counting->is_look)
		return 0;
	if (dir_open(&dir, path) < 0)
		return -1;
	while ((got = dir_next(&dir, &name)) > 0) {
		if (name[0] == '.')
			continue;
		str_reset(&file);
		str_add_z(&file, path);
		str_add_byte(&file, '/');
		str_add_z(&file, name);
		got = count_file(counting, str_z(&file), name);
		if (got < 0)
			break;
	}
	dir_close(&dir);
	str_free(&file);
	return got;
}

static int
count_maildir(struct counting *counting, const char *folder)
{
	struct str path = STR_INIT;
	int result = 0;

	for (int i = 0; i < 2 && result == 0; i++) {
		str_reset(&path);
		str_add_z(&path, folder);
		str_add_z(&path, i == 0 ? "/new" : "/cur");
		result = count_folder(counting, str_z(&path));
	}
	str_free(&path);
	return result;
}

/* The Maildir and its folders, ".NAME"; not what is thrown away. */
static int
count_all(struct counting *counting)
{
	struct dir dir;
	const char *name;
	int got;

	if (count_maildir(counting, ".") < 0 || dir_open(&dir, ".") < 0)
		return -1;
	while ((got = dir_next(&dir, &name)) > 0)
		if (name[0] == '.' && strcmp(name, TRASH) != 0 &&
		    count_maildir(counting, name) < 0) {
			got = -1;
			break;
		}
	dir_close(&dir);
	return got;
}

/* ---- maildirsize ---- */

static int
write_sizes(const char *path, struct span definition,
    const struct maildirquota_use *use)
{
	struct str text = STR_INIT;
	int fd = file_create(path, 0644), result = -1;

	str_add(&text, definition);
	str_add_byte(&text, '\n');
	maildirquota_add_line(
	    &text, (uint64_t)use->bytes, (uint64_t)use->messages);
	if (fd >= 0)
		result = fd_write_all(fd, str_span(&text));
	fd_close(fd);
	str_free(&text);
	return result;
}

/*
 * Counts all, and writes that down.  What was delivered meanwhile was noted in
 * the file that went: then the new one goes too, and the next one counts.
 */
static int
make_sizes(struct span definition, struct maildirquota_use *use)
{
	struct counting counting = { .is_look = false };
	struct counting again = { .is_look = true };
	struct str path = STR_INIT;
	int result = -1;

	str_add_z(&path, SIZES_ASIDE);
	maildirname_add_unique(
	    &path, clock_microseconds(), (uint64_t)getpid(), 1, "quota");
	if (count_all(&counting) < 0)
		goto done;
	*use = counting.use;
	if (write_sizes(str_z(&path), definition, use) < 0 ||
	    rename(str_z(&path), SIZES) < 0) {
		(void)unlink(str_z(&path)); /* it may not be there */
		goto done;
	}
	result = 0;
	if (count_all(&again) < 0 ||
	    again.changed.tv_sec != counting.changed.tv_sec ||
	    again.changed.tv_nsec != counting.changed.tv_nsec)
		(void)unlink(SIZES);
done:
	str_free(&path);
	return result;
}

/* Returns 1; 0 if the file is not there or does not do; -1 with errno.  The
 * definition is known even then, if there is a first line. */
static int
read_sizes(struct sizes *sizes)
{
	struct span all;
	struct stat status;
	int fd = file_open_nofollow(SIZES);

	*sizes = (struct sizes){ .text = STR_INIT };
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &status) < 0 ||
	    (file_read_fd(fd, &sizes->text, READ_AT_MOST) < 0 &&
		errno != EFBIG)) {
		fd_close(fd);
		return -1;
	}
	fd_close(fd);
	all = str_span(&sizes->text);
	sizes->definition = span_upto(all, span_find(all, '\n'));
	sizes->age = clock_seconds() - (int64_t)status.st_mtime;
	return all.len < SIZES_MAX &&
	    maildirquota_add_up(all, &sizes->use, &sizes->lines);
}

/* With what is known of the file: whether the message fits. */
static int
judge(struct sizes *sizes, bool is_known, struct span wanted, uint64_t bytes)
{
	struct maildirquota quota;

	if (!wanted.len)
		wanted = sizes->definition;
	if (!wanted.len)
		return 1;
	if (!maildirquota_parse(wanted, &quota)) {
		errno = EINVAL;
		return -1;
	}
	if (!quota.bytes && !quota.messages)
		return 1;
	is_known = is_known && span_equal(wanted, sizes->definition);
	if (is_known && maildirquota_has_room(&quota, &sizes->use, bytes))
		return 1;
	if (is_known && sizes->lines == 1 && sizes->age < SIZES_AGE)
		return 0;
	if (make_sizes(wanted, &sizes->use) < 0)
		return -1;
	return maildirquota_has_room(&quota, &sizes->use, bytes);
}

int
quota_check(struct span wanted, uint64_t bytes)
{
	struct sizes sizes;
	int result = read_sizes(&sizes);

	if (result >= 0)
		result = judge(&sizes, result > 0, wanted, bytes);
	str_free(&sizes.text);
	return result;
}

int
quota_add(uint64_t bytes)
{
	struct str line = STR_INIT;
	int result,
	    fd = open(SIZES,
		O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	maildirquota_add_line(&line, bytes, 1);
	result = fd_write_all(fd, str_span(&line)); /* in one piece */
	fd_close(fd);
	str_free(&line);
	return result;
}
