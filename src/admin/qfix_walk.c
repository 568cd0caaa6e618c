/*
 * qfix_walk.c - all names of a folder of the queue, links not followed.
 * Input: hostile (what the users of the suite have put there)
 */
#include <errno.h>
#include <fcntl.h>

#include "sys/dir.h"

#include "qfix.h"

#define NEW ".new"

bool
qfix_is_part(const struct spot *spot, const char *name, const struct stat *st,
    uint64_t *part)
{
	return !spot->is_part && S_ISDIR(st->st_mode) &&
	    queue_path_part(span_of(name), part);
}

bool
qfix_is_file(
    const char *name, const struct stat *st, uint64_t *number, bool *is_new)
{
	struct span digits = span_of(name);

	*is_new = span_ends(digits, SPAN(NEW));
	if (*is_new)
		digits = span_upto(digits, digits.len - SPAN(NEW).len);
	return S_ISREG(st->st_mode) && queue_path_number(digits, number);
}

bool
qfix_is_placed(
    const struct qfix *qfix, const struct spot *spot, uint64_t number)
{
	return spot->is_part && spot->part == number % qfix->split;
}

int
qfix_open_part(const struct qfix *qfix, enum queue_folder folder, uint64_t part)
{
	return openat(qfix->folders[folder], qfix_part(part).s,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
walk_part(
    struct qfix *qfix, enum queue_folder folder, uint64_t part, qfix_look look)
{
	struct spot spot = { .folder = folder, .is_part = true, .part = part };
	struct dir dir;
	struct stat st;
	const char *name;
	int got, result = 0;

	if (dir_open_at(&dir, qfix->folders[folder], qfix_part(part).s) < 0)
		return errno == ENOENT ? 0
				       : qfix_failed(qfix, "read", &spot, "");
	spot.fd = dir_fd(&dir);
	while (result == 0 && (got = dir_next(&dir, &name)) != 0) {
		if (got < 0)
			result = qfix_failed(qfix, "read", &spot, "");
		else if (fstatat(spot.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			result = look(qfix, &spot, name, &st);
		else if (errno != ENOENT)
			result = qfix_failed(qfix, "look at", &spot, name);
	}
	dir_close(&dir);
	return result;
}

/* One name in a folder: a part, or what stands beside those. */
static int
look_at_name(struct qfix *qfix, const struct spot *spot, const char *name,
    qfix_look look)
{
	struct stat st;
	uint64_t part;

	if (fstatat(spot->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
		    ? 0
		    : qfix_failed(qfix, "look at", spot, name);
	if (look(qfix, spot, name, &st) < 0)
		return -1;
	return qfix_is_part(spot, name, &st, &part)
	    ? walk_part(qfix, spot->folder, part, look)
	    : 0;
}

int
qfix_walk(struct qfix *qfix, enum queue_folder folder, qfix_look look)
{
	struct spot spot = { .folder = folder };
	struct dir dir;
	const char *name;
	int got, result = 0;

	if (qfix->folders[folder] < 0)
		return 0;
	if (dir_open_at(&dir, qfix->queue, queue_folder_name(folder)) < 0)
		return qfix_failed(qfix, "read", &spot, "");
	spot.fd = dir_fd(&dir);
	while (result == 0 && (got = dir_next(&dir, &name)) != 0)
		result = got < 0 ? qfix_failed(qfix, "read", &spot, "")
				 : look_at_name(qfix, &spot, name, look);
	dir_close(&dir);
	return result;
}

int
qfix_walk_all(struct qfix *qfix, qfix_look look)
{
	for (int i = 0; i < QUEUE_FOLDERS; i++)
		if (qfix_walk(qfix, (enum queue_folder)i, look) < 0)
			return -1;
	return 0;
}
