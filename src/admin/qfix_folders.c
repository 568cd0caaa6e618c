/*
 * qfix_folders.c - the folders of the queue and their parts.
 * Input: hostile (what the users of the suite have put there)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "qfix.h"

#define NEW_MODE 0700 /* until its rights are given */

/* Of an older suite: where it made its messages. */
static const char unused[] = "pid";
static const char missing[] = "is missing";
static const struct spot top = { .folder = QUEUE_FOLDERS };

/* Those that hold no messages. */
static const struct plain {
	const char *name;
	struct rights rights;
} plain[] = {
	{ "lock", { HOME_QMAILQ, HOME_GROUP_QMAIL, 0750 } },
	{ "control", { HOME_QMAILS, HOME_GROUP_QMAIL, 0750 } },
};

static int
open_folder(const struct qfix *qfix, const char *name)
{
	return openat(
	    qfix->queue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
folders_open(struct qfix *qfix)
{
	for (int i = 0; i < QUEUE_FOLDERS; i++) {
		const char *name = queue_folder_name((enum queue_folder)i);

		if (qfix->folders[i] >= 0)
			continue;
		qfix->folders[i] = open_folder(qfix, name);
		/* What is no folder is told of by folders_look. */
		if (qfix->folders[i] < 0 && errno != ENOENT && errno != ELOOP &&
		    errno != ENOTDIR)
			return qfix_failed(qfix, "open", &top, name);
	}
	return 0;
}

/* ---- making ---- */

/* A flat file may have the name that a part needs: message 7 of another suite.
 * It waits in part 0, whose name no message has, until it is moved on. */
static int
make_room(struct qfix *qfix, const struct spot *spot, const char *name)
{
	int zero = qfix_open_part(qfix, spot->folder, 0);
	int result = -1;

	qfix->has_begun = true;
	if (zero >= 0)
		result = renameat(spot->fd, name, zero, name);
	if (zero >= 0)
		(void)close(zero);
	return result < 0 ? qfix_failed(qfix, "move", spot, name) : 0;
}

/* Returns 1; 0 if there is something of that name already; -1. */
static int
make(struct qfix *qfix, const struct spot *spot, const char *name,
    bool makes_room)
{
	struct stat st;

	if (fstatat(spot->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!makes_room || !S_ISREG(st.st_mode))
			return 0;
		if (make_room(qfix, spot, name) < 0)
			return -1;
	} else if (errno != ENOENT) {
		return qfix_failed(qfix, "look at", spot, name);
	}
	if (mkdirat(spot->fd, name, NEW_MODE) < 0)
		return qfix_failed(qfix, "make", spot, name);
	qfix->made++;
	return 1;
}

static int
make_parts(struct qfix *qfix, enum queue_folder folder, bool makes_room)
{
	struct spot spot = { .fd = qfix->folders[folder], .folder = folder };

	for (uint64_t part = 0; part < qfix->split; part++) {
		struct qfix_made made = { NULL, folder, part };
		int got = make(qfix, &spot, qfix_part(part).s, makes_room);

		if (got > 0)
			vec_push(&qfix->made_list, made);
		if (got < 0)
			return -1;
	}
	return 0;
}

static int
make_folder(struct qfix *qfix, const char *name)
{
	struct spot spot = { .fd = qfix->queue, .folder = QUEUE_FOLDERS };
	struct qfix_made made = { .name = name };
	int got = make(qfix, &spot, name, false);

	if (got > 0)
		vec_push(&qfix->made_list, made);
	return got < 0 ? -1 : 0;
}

/* Those that need a file to go out of the way come last: if there is no room on
 * the disk, that is known before. */
int
folders_make(struct qfix *qfix)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (make_folder(qfix, plain[i].name) < 0)
			return -1;
	if (fixed_write_split(qfix) < 0)
		return -1;
	for (int i = 0; i < QUEUE_FOLDERS; i++)
		if (make_folder(qfix, queue_folder_name((enum queue_folder)i)) <
			0 ||
		    folders_open(qfix) < 0 ||
		    make_parts(qfix, (enum queue_folder)i, false) < 0)
			return -1;
	for (int i = 0; i < QUEUE_FOLDERS; i++)
		if (make_parts(qfix, (enum queue_folder)i, true) < 0)
			return -1;
	return 0;
}

void
folders_unmake(struct qfix *qfix)
{
	while (qfix->made_list.len > 0) {
		struct qfix_made *made =
		    &qfix->made_list.at[--qfix->made_list.len];

		/* One that stays does no harm. */
		if (made->name)
			(void)unlinkat(qfix->queue, made->name, AT_REMOVEDIR);
		else
			(void)unlinkat(qfix->folders[made->folder],
			    qfix_part(made->part).s, AT_REMOVEDIR);
	}
}

/* ---- taking away ---- */

static int
trim_part(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	uint64_t part;

	if (!qfix_is_part(spot, name, st, &part) || part < qfix->split)
		return 0;
	if (unlinkat(spot->fd, name, AT_REMOVEDIR) == 0)
		qfix->removed++;
	else if (errno != ENOTEMPTY && errno != EEXIST)
		return qfix_failed(qfix, "remove", spot, name);
	return 0;
}

int
folders_trim(struct qfix *qfix)
{
	if (unlinkat(qfix->queue, unused, AT_REMOVEDIR) == 0)
		qfix->removed++;
	else if (errno == ENOTEMPTY || errno == EEXIST)
		qfix_line(SPAN("pid is not empty: what is in it was never "
			       "accepted, and nothing here uses it"));
	else if (errno != ENOENT && errno != ENOTDIR)
		return qfix_failed(qfix, "remove", &top, unused);
	return qfix_walk_all(qfix, trim_part);
}

/* ---- looking ---- */

static int
look_at_folder(struct qfix *qfix, const struct spot *spot, const char *name,
    struct rights rights)
{
	struct stat st;

	if (fstatat(spot->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return qfix_failed(qfix, "look at", spot, name);
		qfix_wrong(qfix, spot, name, missing);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return qfix_rights(qfix, spot, name, &st, rights, true);
	/* What is no part is told of with the files. */
	if (spot->folder == QUEUE_FOLDERS)
		qfix_in_way(qfix, spot, name,
		    "is a link, or no folder: put the folder in its place");
	return 0;
}

static int
look_at_parts(struct qfix *qfix, enum queue_folder folder)
{
	struct spot spot = { .fd = qfix->folders[folder], .folder = folder };

	if (spot.fd < 0)
		return 0;
	for (uint64_t part = 0; part < qfix->split; part++)
		if (look_at_folder(qfix, &spot, qfix_part(part).s,
			rights_of_folder(folder)) < 0)
			return -1;
	return 0;
}

int
folders_look(struct qfix *qfix)
{
	struct spot spot = { .fd = qfix->queue, .folder = QUEUE_FOLDERS };

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (look_at_folder(
			qfix, &spot, plain[i].name, plain[i].rights) < 0)
			return -1;
	for (int i = 0; i < QUEUE_FOLDERS; i++) {
		enum queue_folder folder = (enum queue_folder)i;

		if (look_at_folder(qfix, &spot, queue_folder_name(folder),
			rights_of_folder(folder)) < 0 ||
		    look_at_parts(qfix, folder) < 0)
			return -1;
	}
	return 0;
}
