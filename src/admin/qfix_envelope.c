/*
 * qfix_envelope.c - envelopes of other suites in todo.
 * Input: hostile (envelopes)
 *
 * There the name in todo comes after the fsync of the file, so what is in todo
 * is whole, and no record tells of its end; what is in intd alone was never
 * accepted.  Here the end record tells.  So it is added to what is in todo under
 * a number that no qmail-queue of ours gives, and to nothing else.
 *
 * There intd may be gone while todo is there.  Here it is what info, local and
 * remote are made again from after a power cut, so it gets its name back.
 *
 * The two may be two files, in a queue that was copied; of these one that is whole
 * counts, and takes the place of the other.  Without an end record nobody sees
 * that the one in todo is cut where a record ends; then that in intd begins as
 * it does, and has more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue/envelope.h"
#include "sys/fd.h"
#include "sys/file.h"

#include "qfix.h"

#define BUFFER_SIZE 16384

enum envelope_form {
	WHOLE,
	WITHOUT_END, /* whole records, and the file ends */
	BROKEN,
	CANNOT_TELL
};

static enum envelope_form
form_of_failure(int fd, off_t size)
{
	char last = '\1';

	if (errno == EBADMSG || errno == EMSGSIZE)
		return BROKEN;
	if (errno != EPROTO)
		return CANNOT_TELL;
	if (size > 0 && pread(fd, &last, 1, size - 1) < 0)
		return CANNOT_TELL;
	/* Each record has a NUL at its end. */
	return last == '\0' ? WITHOUT_END : BROKEN;
}

static enum envelope_form
read_form(int fd, off_t size)
{
	char buffer[BUFFER_SIZE], letter;
	struct str value = STR_INIT;
	enum envelope_form form = WHOLE;
	uint64_t uid, pid;
	struct in in;

	in_init(&in, fd, buffer, sizeof(buffer));
	if (envelope_read_head(&in, &uid, &pid, &value) < 0) {
		form = form_of_failure(fd, size);
		form = form == WITHOUT_END ? BROKEN : form;
	} else {
		do
			if (envelope_next(&in, NULL, &letter, &value) < 0)
				form = form_of_failure(fd, size);
		while (form == WHOLE && letter != ENVELOPE_END);
	}
	str_free(&value);
	return form;
}

/* Puts the end record behind the others, and both on the disk: its new name may
 * be there before. */
static int
add_end(struct qfix *qfix, int fd, off_t size)
{
	static const char end = '\0';

	qfix->has_begun = true;
	qfix->completed++;
	if (pwrite(fd, &end, 1, size) != 1)
		return -1;
	return file_sync(fd);
}

/* Returns 1 if the envelope is whole, by now; 0 if it is not; -1. */
static int
see_to_end(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	int fd = openat(spot->fd, name,
	    (qfix->mends ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK |
		O_NOCTTY | O_CLOEXEC);
	enum envelope_form form =
	    fd < 0 ? CANNOT_TELL : read_form(fd, st->st_size);
	int result = form == WHOLE;

	if (form == BROKEN && !qfix->mends)
		qfix_wrong(qfix, spot, name, "is cut short, or no envelope");
	if (form == WITHOUT_END && !qfix->mends)
		qfix_wrong(qfix, spot, name,
		    "has no end record: it is of another suite");
	if (form == WITHOUT_END && qfix->mends)
		result = add_end(qfix, fd, st->st_size) < 0 ? -1 : 1;
	if (result < 0 || form == CANNOT_TELL)
		result = qfix_failed(qfix, "complete", spot, name);
	fd_close(fd);
	return result;
}

/* Gives a file its name in the other folder.  What may stand there instead is
 * another file, of which a qmail-queue that came to its end would have made one.
 */
static int
link_into(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct spot *other, bool is_taken)
{
	struct str fresh = STR_INIT;
	int result;

	str_add_z(&fresh, name);
	if (is_taken)
		str_add_z(&fresh, ".new");
	if (is_taken)
		(void)unlinkat(other->fd, str_z(&fresh), 0);
	qfix->has_begun = true;
	qfix->completed++;
	result = linkat(spot->fd, name, other->fd, str_z(&fresh), 0);
	if (result == 0 && is_taken)
		result = renameat(other->fd, str_z(&fresh), other->fd, name);
	str_free(&fresh);
	return result < 0 ? qfix_failed(qfix, "link", other, name) : 0;
}

static int
open_envelope(const struct spot *spot, const char *name)
{
	return openat(spot->fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Whether it is a whole envelope.  1, 0, -1. */
static int
is_whole(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	enum envelope_form form;
	int fd;

	if (!S_ISREG(st->st_mode))
		return 0;
	fd = open_envelope(spot, name);
	form = fd < 0 ? CANNOT_TELL : read_form(fd, st->st_size);
	if (form == CANNOT_TELL)
		(void)qfix_failed(qfix, "read", spot, name);
	fd_close(fd);
	return form == CANNOT_TELL ? -1 : form == WHOLE;
}

/* One of the two files of a message: where it is, and what. */
struct copy {
	const struct spot *spot;
	const struct stat *st;
};

/* Two files stand where one should have two names. */
static int
join(struct qfix *qfix, struct copy todo, struct copy intd, const char *name)
{
	int todo_is_whole = is_whole(qfix, todo.spot, name, todo.st);
	int intd_is_whole =
	    todo_is_whole != 0 ? 0 : is_whole(qfix, intd.spot, name, intd.st);

	if (todo_is_whole < 0 || intd_is_whole < 0)
		return -1;
	if (todo_is_whole && qfix->mends)
		return link_into(qfix, todo.spot, name, intd.spot, true);
	if (intd_is_whole && qfix->mends)
		return link_into(qfix, intd.spot, name, todo.spot, true);
	if (todo_is_whole)
		qfix_wrong(qfix, intd.spot, name, "is not the file of todo");
	else if (!qfix->mends)
		qfix_wrong(qfix, todo.spot, name,
		    intd_is_whole ? "is cut short; intd has it whole"
				  : "is cut short, or no envelope");
	return 0;
}

/* Whether a file begins with these bytes of another.  1, 0, -1. */
static int
begins_with(int fd, int other, off_t size)
{
	char buffer[BUFFER_SIZE], expected[BUFFER_SIZE];
	ssize_t got;

	for (off_t at = 0; at < size; at += got) {
		size_t wanted =
		    size - at < BUFFER_SIZE ? (size_t)(size - at) : BUFFER_SIZE;

		got = pread(other, expected, wanted, at);
		if (got < 0 || pread(fd, buffer, wanted, at) < 0)
			return -1;
		if (got == 0 || memcmp(buffer, expected, (size_t)got) != 0)
			return 0;
	}
	return 1;
}

/* What a longer file in intd means for that in todo. */
enum more {
	NO_MORE, /* nothing: todo is whole, or intd is of something else */
	MORE_IS_WHOLE, /* todo is cut; as far as can be seen intd is not */
	ALL_ARE_CUT,
	MORE_UNKNOWN
};

static enum more
compare(int todo, int intd, off_t todo_size, off_t intd_size)
{
	enum envelope_form form = read_form(todo, todo_size);
	int is_start;

	if (form == WHOLE || form == CANNOT_TELL)
		return form == WHOLE ? NO_MORE : MORE_UNKNOWN;
	is_start = begins_with(intd, todo, todo_size);
	if (is_start <= 0)
		return is_start < 0 ? MORE_UNKNOWN : NO_MORE;
	form = read_form(intd, intd_size);
	if (form == CANNOT_TELL)
		return MORE_UNKNOWN;
	return form == BROKEN ? ALL_ARE_CUT : MORE_IS_WHOLE;
}

/* Returns 1 if what is in todo, by now, is all there is; 0; -1. */
static int
take_more(
    struct qfix *qfix, struct copy todo, struct copy intd, const char *name)
{
	int todo_fd = open_envelope(todo.spot, name);
	int intd_fd = open_envelope(intd.spot, name);
	enum more more = todo_fd < 0 || intd_fd < 0
	    ? MORE_UNKNOWN
	    : compare(todo_fd, intd_fd, todo.st->st_size, intd.st->st_size);

	if (more == MORE_UNKNOWN)
		(void)qfix_failed(qfix, "read", intd.spot, name);
	fd_close(todo_fd);
	fd_close(intd_fd);
	if (more == MORE_UNKNOWN)
		return -1;
	if (more == NO_MORE)
		return 1;
	if (more == MORE_IS_WHOLE && qfix->mends)
		return link_into(qfix, intd.spot, name, todo.spot, true) < 0
		    ? -1
		    : 1;
	if (!qfix->mends)
		qfix_wrong(qfix, todo.spot, name,
		    more == MORE_IS_WHOLE ? "is cut short; intd has it whole"
					  : "is cut short, or no envelope");
	return 0;
}

/* Where the name of a file of todo belongs in intd.  Returns 1; 0 if there can
 * be none; -1.  By then files were moved there. */
static int
open_intd(struct qfix *qfix, uint64_t number, struct spot *there)
{
	*there = (struct spot){ .folder = QUEUE_INTD,
		.is_part = true,
		.part = number % qfix->split };
	there->fd = qfix_open_part(qfix, QUEUE_INTD, there->part);
	if (there->fd >= 0)
		return 1;
	/* A flat file may have its name still: message 3 of another suite. */
	if (errno == ENOENT || (errno == ENOTDIR && !qfix->mends))
		return 0;
	return qfix_failed(qfix, "open", there, "");
}

static bool
is_same(const struct stat *st, const struct stat *other)
{
	return st->st_ino == other->st_ino && st->st_dev == other->st_dev;
}

/* Before an end is put to what is in todo.  Returns as take_more; st is of what
 * is in todo then. */
static int
see_to_more(struct qfix *qfix, const struct spot *spot, const char *name,
    uint64_t number, struct stat *st)
{
	struct spot there;
	struct stat other;
	int result = open_intd(qfix, number, &there);

	if (result <= 0)
		return result < 0 ? -1 : 1;
	if (fstatat(there.fd, name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(other.st_mode) && !is_same(st, &other) &&
	    other.st_size > st->st_size)
		result = take_more(qfix, (struct copy){ spot, st },
		    (struct copy){ &there, &other }, name);
	if (result > 0 && fstatat(spot->fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		result = qfix_failed(qfix, "look at", spot, name);
	fd_close(there.fd);
	return result;
}

/* Whether there is one at the place, and whether it is the same as in todo. */
static int
see_to_intd(struct qfix *qfix, const struct spot *spot, const char *name,
    uint64_t number, const struct stat *st)
{
	struct spot there;
	struct stat other;
	bool is_taken;
	int result = open_intd(qfix, number, &there);

	if (result <= 0)
		return result;
	result = 0;
	is_taken = fstatat(there.fd, name, &other, AT_SYMLINK_NOFOLLOW) == 0;
	if (!is_taken && errno != ENOENT)
		result = qfix_failed(qfix, "look at", &there, name);
	else if (!is_taken && qfix->mends)
		result = link_into(qfix, spot, name, &there, false);
	else if (!is_taken)
		qfix_wrong(qfix, &there, name, "is missing; todo has it");
	else if (!is_same(st, &other))
		result = join(qfix, (struct copy){ spot, st },
		    (struct copy){ &there, &other }, name);
	fd_close(there.fd);
	return result;
}

static int
look_at_envelope(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	struct stat now = *st;
	uint64_t number;
	bool is_new, has_place;
	int whole = 1;

	if (!qfix_is_file(name, st, &number, &is_new) || is_new)
		return 0;
	/* Flat files of intd are told of as such. */
	has_place = qfix->mends || qfix_is_placed(qfix, spot, number);
	if (!queue_number_is_time(number)) {
		whole =
		    has_place ? see_to_more(qfix, spot, name, number, &now) : 1;
		whole = whole > 0 ? see_to_end(qfix, spot, name, &now) : whole;
	}
	if (whole <= 0 || !has_place)
		return whole < 0 ? -1 : 0;
	return see_to_intd(qfix, spot, name, number, &now);
}

int
envelopes_look(struct qfix *qfix)
{
	return qfix_walk(qfix, QUEUE_TODO, look_at_envelope);
}
