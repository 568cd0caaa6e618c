/*
 * qfix_fixed.c - the files that are always there: those of lock/.
 * Input: hostile (what the users of the suite have put there)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/file.h"

#include "qfix.h"

#define NEW_MODE   0600 /* until its rights are given */
#define SPLIT_MODE 0644 /* whose owner does not matter: an administrator's */
#define SPLIT_NEW  "split.new"
#define TCPTO_SIZE 1024

static const struct fixed {
	const char *name;
	mode_t kind;
	off_t size;
	struct rights rights;
} fixed[] = {
	{ "sendmutex", S_IFREG, 0, { HOME_QMAILS, HOME_GROUP_QMAIL, 0600 } },
	{ "tcpok", S_IFREG, 0, { HOME_QMAILS, HOME_GROUP_QMAIL, 0600 } },
	{ "tcpto", S_IFREG, TCPTO_SIZE,
	    { HOME_QMAILR, HOME_GROUP_QMAIL, 0600 } },
	{ "trigger", S_IFIFO, 0, { HOME_QMAILS, HOME_GROUP_NOFILES, 0620 } },
};

/* lock/, open; a spot for the names in it. */
static int
enter(struct qfix *qfix, struct spot *spot)
{
	static const struct spot top = { .folder = QUEUE_FOLDERS };

	*spot = (struct spot){ .folder = QUEUE_FOLDERS, .is_lock = true };
	spot->fd = openat(qfix->queue, "lock",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* What is missing or no folder is told of by folders_look. */
	return spot->fd < 0 && errno != ENOENT && errno != ELOOP &&
		errno != ENOTDIR
	    ? qfix_failed(qfix, "open", &top, "lock")
	    : 0;
}

static int
make_one(const struct spot *spot, const struct fixed *one)
{
	int fd, result;

	if (one->kind == S_IFIFO)
		return mkfifoat(spot->fd, one->name, NEW_MODE);
	fd = openat(spot->fd, one->name,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, NEW_MODE);
	if (fd < 0)
		return -1;
	result = ftruncate(fd, one->size);
	fd_close(fd);
	return result;
}

/* What is something else goes aside: nothing is taken away. */
static int
mend_one(struct qfix *qfix, const struct spot *spot, const struct fixed *one,
    bool is_there)
{
	struct str aside = STR_INIT;
	int result = 0;

	str_add_z(&aside, one->name);
	str_add_z(&aside, ".old");
	if (is_there)
		result = renameat(spot->fd, one->name, spot->fd, str_z(&aside));
	str_free(&aside);
	qfix->has_begun = true;
	qfix->made++;
	return result < 0 || make_one(spot, one) < 0
	    ? qfix_failed(qfix, "make", spot, one->name)
	    : 0;
}

static bool
is_right(const struct stat *st, const struct fixed *one)
{
	return (st->st_mode & S_IFMT) == one->kind &&
	    (one->kind != S_IFREG || st->st_size >= one->size);
}

static int
look_at_one(struct qfix *qfix, const struct spot *spot, const struct fixed *one)
{
	struct stat st;
	bool is_there =
	    fstatat(spot->fd, one->name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (!is_there && errno != ENOENT)
		return qfix_failed(qfix, "look at", spot, one->name);
	if (!is_there || !is_right(&st, one)) {
		if (!qfix->mends) {
			qfix_wrong(qfix, spot, one->name,
			    is_there ? "is not what it should be"
				     : "is missing");
			return 0;
		}
		if (mend_one(qfix, spot, one,
			is_there && (st.st_mode & S_IFMT) != one->kind) < 0)
			return -1;
		if (fstatat(spot->fd, one->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return qfix_failed(qfix, "look at", spot, one->name);
	}
	return qfix_rights(
	    qfix, spot, one->name, &st, one->rights, st.st_nlink == 1);
}

/* All must be able to read it. */
static int
look_at_split(struct qfix *qfix, const struct spot *spot)
{
	struct stat st;

	if (fstatat(spot->fd, "split", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
		    ? 0
		    : qfix_failed(qfix, "look at", spot, "split");
	if (!S_ISREG(st.st_mode) || (st.st_mode & SPLIT_MODE) != SPLIT_MODE) {
		qfix->sets_split = true;
		qfix_wrong(qfix, spot, "split", "is no file that all can read");
	}
	return 0;
}

int
fixed_look(struct qfix *qfix)
{
	struct spot spot;
	int result = enter(qfix, &spot);

	if (result < 0 || spot.fd < 0)
		return result;
	for (size_t i = 0; result == 0 && i < sizeof(fixed) / sizeof(*fixed);
	     i++)
		result = look_at_one(qfix, &spot, &fixed[i]);
	if (result == 0 && !qfix->mends)
		result = look_at_split(qfix, &spot);
	fd_close(spot.fd);
	return result;
}

int
fixed_write_split(struct qfix *qfix)
{
	struct spot spot;
	struct str text = STR_INIT;
	int fd, result = enter(qfix, &spot);

	if (result < 0 || !qfix->sets_split)
		goto done;
	str_add_u64(&text, qfix->split);
	str_add_byte(&text, '\n');
	fd = openat(spot.fd, SPLIT_NEW,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    NEW_MODE);
	if (fd < 0 || fd_write_all(fd, str_span(&text)) < 0 ||
	    fchmod(fd, SPLIT_MODE) < 0 || file_sync(fd) < 0)
		result = qfix_failed(qfix, "write", &spot, SPLIT_NEW);
	fd_close(fd);
done:
	fd_close(spot.fd);
	str_free(&text);
	return result;
}

int
fixed_set_split(struct qfix *qfix)
{
	struct spot spot;
	int result = enter(qfix, &spot);

	if (result == 0 && qfix->sets_split &&
	    renameat(spot.fd, SPLIT_NEW, spot.fd, "split") < 0)
		result = qfix_failed(qfix, "make", &spot, "split");
	fd_close(spot.fd);
	return result;
}
