/* replace.c - a file of a message that takes the place of another. */
#include "queue/replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/file.h"

#define NEW ".new"

struct replace_name
replace_name(struct queue_path path)
{
	struct replace_name name;
	size_t len = strlen(path.s);

	memcpy(name.s, path.s, len);
	memcpy(name.s + len, NEW, sizeof(NEW));
	return name;
}

int
replace_open(struct replace *replace, enum queue_folder folder, uint64_t number,
    uint64_t split, unsigned mode)
{
	int fd;

	replace->path = queue_path(folder, number, split);
	fd = file_replace(replace_name(replace->path).s, mode);
	if (fd < 0)
		return -1;
	out_init(&replace->out, fd, replace->buffer, sizeof(replace->buffer));
	return 0;
}

int
replace_close(struct replace *replace, int64_t time)
{
	struct replace_name name = replace_name(replace->path);
	int result = out_flush(&replace->out), number;

	if (result == 0 && time != REPLACE_NOW)
		result = file_set_time(name.s, time);
	if (result == 0)
		result = rename(name.s, replace->path.s);
	if (result == 0) {
		fd_close(replace->out.fd);
		return 0;
	}
	number = errno;
	replace_abandon(replace);
	errno = number;
	return -1;
}

void
replace_abandon(struct replace *replace)
{
	/* What stays is written over by the next one. */
	(void)unlink(replace_name(replace->path).s);
	fd_close(replace->out.fd);
}

/* Whether a name in the queue is one of replace_name, and of which message. */
static bool
is_new(struct span name, uint64_t *number)
{
	return span_ends(name, SPAN(NEW)) &&
	    queue_path_number(
		span_upto(name, name.len - (sizeof(NEW) - 1)), number);
}

int
replace_sweep(
    enum queue_folder folder, uint64_t part, uint64_t split, int64_t before)
{
	struct dir dir;
	const char *name;
	uint64_t number;
	struct stat st;
	int got, result = 0;

	if (dir_open(&dir, queue_path_folder(folder, part).s) < 0)
		return errno == ENOENT ? 0 : -1;
	while ((got = dir_next(&dir, &name)) > 0) {
		struct replace_name path;

		if (!is_new(span_of(name), &number) || number % split != part)
			continue;
		path = replace_name(queue_path(folder, number, split));
		if (lstat(path.s, &st) == 0 && (int64_t)st.st_mtime < before &&
		    unlink(path.s) < 0 && errno != ENOENT)
			result = -1;
	}
	dir_close(&dir);
	return got < 0 ? -1 : result;
}
