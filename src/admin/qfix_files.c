/*
 * qfix_files.c - files of messages: each in its part, with its rights.
 * Input: hostile (what the users of the suite have put there)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/fd.h"

#include "qfix.h"

/* Whether both are there, and the same file. */
static bool
is_same_file(const struct qfix *qfix, enum queue_folder folder, uint64_t number,
    const char *name, const struct stat *st)
{
	int fd = qfix_open_part(qfix, folder, number % qfix->split);
	struct stat other;
	bool is_same = fd >= 0 &&
	    fstatat(fd, name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
	    other.st_ino == st->st_ino && other.st_dev == st->st_dev;

	fd_close(fd);
	return is_same;
}

/* Whether all names of a file are names in the queue.  Who may write there could
 * have given a file of somebody else a second one. */
static bool
is_ours_alone(const struct qfix *qfix, const struct spot *spot,
    const char *name, uint64_t number, const struct stat *st)
{
	if (st->st_nlink == 1)
		return true;
	if (st->st_nlink > 2 ||
	    (spot->folder != QUEUE_TODO && spot->folder != QUEUE_INTD))
		return false;
	return is_same_file(qfix,
	    spot->folder == QUEUE_TODO ? QUEUE_INTD : QUEUE_TODO, number, name,
	    st);
}

static int
look_at_rights(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	uint64_t number;
	bool is_new;

	if (!qfix_is_file(name, st, &number, &is_new) ||
	    !qfix_is_placed(qfix, spot, number))
		return 0;
	return qfix_rights(qfix, spot, name, st, rights_of_file(spot->folder),
	    is_ours_alone(qfix, spot, name, number, st));
}

int
files_give(struct qfix *qfix)
{
	return qfix_walk_all(qfix, look_at_rights);
}

/* ---- checking ---- */

/* Something that is no file of a message.  Where one belongs it is the twin of
 * that; and a file of todo gets a name in intd, which no folder gives up. */
static void
tell_stranger(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	uint64_t part, number;
	bool has_place = queue_path_number(span_of(name), &number) &&
	    qfix_is_placed(qfix, spot, number);

	if (has_place)
		vec_push(&qfix->numbers, number);
	if (has_place && spot->folder == QUEUE_INTD && S_ISDIR(st->st_mode))
		qfix_in_way(qfix, spot, name,
		    "is no file, and stands in the place of one");
	else if (!spot->is_part && queue_path_part(span_of(name), &part) &&
	    part < qfix->split)
		qfix_in_way(qfix, spot, name,
		    "is no folder, and stands in the place of one");
	else
		qfix_wrong(qfix, spot, name, "does not belong here");
}

static void
tell_place(struct qfix *qfix, const struct spot *spot, const char *name,
    uint64_t number, bool is_new)
{
	struct str text = STR_INIT;

	str_add_z(&text, "should be ");
	str_add_z(&text, queue_path(spot->folder, number, qfix->split).s);
	if (is_new)
		str_add_z(&text, ".new");
	qfix_wrong(qfix, spot, name, str_z(&text));
	str_free(&text);
}

static int
look_at_place(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	uint64_t number;
	bool is_new;

	if (qfix_is_part(spot, name, st, &number)) {
		if (number >= qfix->split)
			qfix_wrong(qfix, spot, name, "is of another split");
		return 0;
	}
	if (!qfix_is_file(name, st, &number, &is_new)) {
		tell_stranger(qfix, spot, name, st);
		return 0;
	}
	if (!is_new)
		vec_push(&qfix->numbers, number);
	if (!qfix_is_placed(qfix, spot, number)) {
		tell_place(qfix, spot, name, number, is_new);
		return 0;
	}
	return look_at_rights(qfix, spot, name, st);
}

/* Two files of one number cannot both have its place. */
static void
tell_twins(struct qfix *qfix, enum queue_folder folder)
{
	struct spot spot = { .folder = folder };
	struct str name = STR_INIT;

	if (qfix->numbers.len > 0)
		qsort(qfix->numbers.at, qfix->numbers.len,
		    sizeof(*qfix->numbers.at), queue_number_compare);
	for (size_t i = 1; i < qfix->numbers.len; i++) {
		if (qfix->numbers.at[i] != qfix->numbers.at[i - 1])
			continue;
		str_reset(&name);
		str_add_u64(&name, qfix->numbers.at[i]);
		qfix_in_way(qfix, &spot, str_z(&name),
		    "is there twice, in two places: take one away");
	}
	str_free(&name);
	qfix->numbers.len = 0;
}

int
files_look(struct qfix *qfix)
{
	for (int i = 0; i < QUEUE_FOLDERS; i++) {
		if (qfix_walk(qfix, (enum queue_folder)i, look_at_place) < 0)
			return -1;
		tell_twins(qfix, (enum queue_folder)i);
	}
	return 0;
}

/* ---- moving ---- */

/* Nobody else makes names now, so that none can be there since it was looked
 * for; of one that was being made the last counts. */
static int
move(struct qfix *qfix, const struct spot *spot, const char *name,
    uint64_t number, bool is_new)
{
	struct stat st;
	int fd = qfix_open_part(qfix, spot->folder, number % qfix->split);
	int result = -1;

	if (fd >= 0 && !is_new &&
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		errno = EEXIST;
	else if (fd >= 0 && (is_new || errno == ENOENT))
		result = renameat(spot->fd, name, fd, name);
	if (result < 0)
		(void)qfix_failed(qfix, "move", spot, name);
	fd_close(fd);
	qfix->has_begun = true;
	qfix->moved++;
	return result;
}

static int
move_if_misplaced(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	uint64_t number;
	bool is_new;

	return !qfix_is_file(name, st, &number, &is_new) ||
		qfix_is_placed(qfix, spot, number)
	    ? 0
	    : move(qfix, spot, name, number, is_new);
}

/* What is moved while a folder is read may be passed over: again, until there
 * is nothing more. */
static int
gather(struct qfix *qfix, enum queue_folder folder)
{
	uint64_t before;

	do {
		before = qfix->moved;
		if (qfix_walk(qfix, folder, move_if_misplaced) < 0)
			return -1;
	} while (qfix->moved != before);
	return 0;
}

int
files_gather(struct qfix *qfix)
{
	for (int i = 0; i < QUEUE_FOLDERS; i++) {
		/* Before todo is in its parts, intd is; see there. */
		if (i == QUEUE_TODO && envelopes_look(qfix) < 0)
			return -1;
		if (gather(qfix, (enum queue_folder)i) < 0)
			return -1;
	}
	return 0;
}
