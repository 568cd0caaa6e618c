/*
 * qmail-install.c - puts the suite where it lives, or checks that it is there.
 * Runs as   root, once; or as anyone, for a private instance.
 * Reads     build/ and man/ below the working folder; items.c; the names in
 *           the queue.
 * Writes    everything below HOME (below DESTDIR, if that is given).
 * Source    INSTALL.
 *
 * usage: qmail-install install [DESTDIR]     qmail-install check [DESTDIR]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "config/home.h"
#include "queue/path.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/file.h"

#include "condition.h"
#include "items.h"
#include "strangers.h"

#define FILE_MAX (64u << 20)

struct job {
	struct home_ids ids;
	bool is_root, checks;
	const char *destdir;
	int problems;
};

static void
complain(struct job *job, const char *path, const char *what)
{
	printf("%s: %s\n", path, what);
	job->problems++;
}

static void
complain_errno(struct job *job, const char *path)
{
	complain(job, path, strerror(errno));
}

static uid_t
owner(const struct job *job, const struct item *item)
{
	if (!job->is_root)
		return geteuid();
	return item->user == ITEM_ROOT ? 0 : job->ids.uid[item->user];
}

static gid_t
group(const struct job *job, const struct item *item)
{
	if (!job->is_root)
		return getegid();
	return item->group == ITEM_ROOT ? 0 : job->ids.gid[item->group];
}

/* A private instance has nobody to become: no setuid bits. */
static unsigned
mode(const struct job *job, const struct item *item)
{
	return job->is_root ? item->mode : item->mode & 0777;
}

/* ---- check ---- */

static void
check_one(
    struct job *job, const struct item *item, const char *path, mode_t type)
{
	char text[128];
	struct stat st;

	if (lstat(path, &st) < 0) {
		complain_errno(job, path);
		return;
	}
	if ((st.st_mode & S_IFMT) != type) {
		complain(job, path, "is not of the right type");
		return;
	}
	if ((st.st_mode & 07777) != mode(job, item)) {
		snprintf(text, sizeof(text), "mode is %04o, should be %04o",
		    (unsigned)st.st_mode & 07777, mode(job, item));
		complain(job, path, text);
	}
	if (st.st_uid != owner(job, item)) {
		snprintf(text, sizeof(text), "owner is %lu, should be %lu",
		    (unsigned long)st.st_uid, (unsigned long)owner(job, item));
		complain(job, path, text);
	}
	if (st.st_gid != group(job, item)) {
		snprintf(text, sizeof(text), "group is %lu, should be %lu",
		    (unsigned long)st.st_gid, (unsigned long)group(job, item));
		complain(job, path, text);
	}
}

/* ---- install ---- */

/* The folder that holds what is made, and how that is reached in it. */
struct place {
	int above; /* descriptor; -1: with errno */
	const char *name;
	int follow; /* flags for open: O_NOFOLLOW or nothing */
};

/*
 * Opens the folder that holds path.  HOME and what it holds belong to root, who
 * may have put links there; what is below that belongs to roles, who could put
 * one in the place of anything: none is followed.
 */
static struct place
open_above(const struct job *job, const char *path)
{
	size_t home_len = strlen(job->destdir) + strlen(home_dir);
	size_t last = span_find_last(span_of(path), '/') + 1;
	size_t start = last < home_len ? last : home_len;
	struct span rest = span_from(span_upto(span_of(path), last), start);
	struct place place = { .name = path + last };
	struct str step = STR_INIT;
	struct span part;

	str_set(&step, span_upto(span_of(path), start));
	place.above = open(str_z(&step), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (place.above >= 0 && span_cut_next(&rest, '/', &part)) {
		int above = place.above;

		if (part.len == 0)
			continue;
		str_set(&step, part);
		place.above = openat(above, str_z(&step),
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | place.follow);
		place.follow = O_NOFOLLOW;
		fd_close(above);
	}
	str_free(&step);
	return place;
}

/* Whether it has one name only: a role may have given a file of somebody else
 * this one.  False with errno. */
static bool
is_alone(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	errno = EMLINK;
	return S_ISDIR(st.st_mode) || st.st_nlink == 1;
}

/* Owner first: changing it clears setuid bits. */
static void
give_at(struct job *job, const struct item *item, const char *path,
    const struct place *place)
{
	int fd = openat(place->above, place->name,
	    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | place->follow);

	if (fd < 0 || !is_alone(fd) ||
	    fchown(fd, owner(job, item), group(job, item)) < 0 ||
	    fchmod(fd, mode(job, item)) < 0)
		complain_errno(job, path);
	fd_close(fd);
}

static void
give(struct job *job, const struct item *item, const char *path)
{
	struct place place = open_above(job, path);

	if (place.above < 0)
		complain_errno(job, path);
	else
		give_at(job, item, path, &place);
	fd_close(place.above);
}

/*
 * Makes something that is no file with contents, unless it is there.
 *   make   as mkdirat, for this; 0, -1 with errno
 */
static void
make_at(struct job *job, const struct item *item, const char *path,
    int (*make)(int above, const char *name, const struct item *item))
{
	struct place place = open_above(job, path);

	if (place.above < 0 || make(place.above, place.name, item) < 0)
		complain_errno(job, path);
	else
		give_at(job, item, path, &place);
	fd_close(place.above);
}

static int
make_folder(int above, const char *name, const struct item *item)
{
	(void)item;
	return mkdirat(above, name, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

/* Puts a file in place whole: a program that runs is never written to. */
static void
put_bytes(struct job *job, const struct item *item, struct span bytes,
    const char *path)
{
	struct str fresh = STR_INIT;
	int fd;

	str_add_z(&fresh, path);
	str_add_z(&fresh, ".new");
	(void)unlink(str_z(&fresh));
	if ((fd = file_create(str_z(&fresh), 0600)) < 0 ||
	    fd_write_all(fd, bytes) < 0 || file_sync(fd) < 0) {
		complain_errno(job, str_z(&fresh));
	} else {
		give(job, item, str_z(&fresh));
		if (rename(str_z(&fresh), path) < 0)
			complain_errno(job, path);
	}
	fd_close(fd);
	str_free(&fresh);
}

static void
put_file(struct job *job, const struct item *item, const char *from,
    const char *path)
{
	struct str bytes = STR_INIT;

	if (file_read(from, &bytes, FILE_MAX) < 0)
		complain_errno(job, from);
	else
		put_bytes(job, item, str_span(&bytes), path);
	str_free(&bytes);
}

static int
make_empty(int above, const char *name, const struct item *item)
{
	int fd = openat(above, name,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;
	bool fine = fd >= 0 && is_alone(fd) && fstat(fd, &st) == 0 &&
	    (st.st_size >= item->size || ftruncate(fd, item->size) == 0);

	fd_close(fd);
	return fine ? 0 : -1;
}

static int
make_fifo(int above, const char *name, const struct item *item)
{
	(void)item;
	return mkfifoat(above, name, 0600) < 0 && errno != EEXIST ? -1 : 0;
}

/* ---- the walk through the table ---- */

/* What is no file with contents; make as for make_at. */
static void
do_made(struct job *job, const struct item *item, const char *path, mode_t type,
    int (*make)(int above, const char *name, const struct item *item))
{
	if (job->checks)
		check_one(job, item, path, type);
	else
		make_at(job, item, path, make);
}

static uint64_t
split_of_queue(struct job *job)
{
	uint64_t split = QUEUE_SPLIT_DEFAULT;
	struct str queue = STR_INIT;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	str_add_z(&queue, job->destdir);
	str_add_z(&queue, home_queue_dir);
	if (here < 0 || chdir(str_z(&queue)) < 0 ||
	    queue_split_read(&split) < 0 || fchdir(here) < 0)
		complain_errno(job, str_z(&queue));
	fd_close(here);
	str_free(&queue);
	return split;
}

static void
do_split_folder(struct job *job, const struct item *item, const char *path)
{
	uint64_t split = split_of_queue(job);
	struct str folder = STR_INIT;

	do_made(job, item, path, S_IFDIR, make_folder);
	for (uint64_t part = 0; part < split; part++) {
		str_reset(&folder);
		str_add_z(&folder, path);
		str_add_byte(&folder, '/');
		str_add_u64(&folder, part);
		do_made(job, item, str_z(&folder), S_IFDIR, make_folder);
	}
	str_free(&folder);
}

/* On a host without a queue, qmail-queue is a link to qmail-qmqpc. */
static bool
is_client_of_queues(const char *path)
{
	char target[256];
	ssize_t len = readlink(path, target, sizeof(target));

	return len > 0 && span_ends(span_of(path), SPAN("/bin/qmail-queue")) &&
	    span_ends(span_make(target, (size_t)len), SPAN("qmail-qmqpc"));
}

static void
do_file(struct job *job, const struct item *item, const char *from,
    const char *path)
{
	if (is_client_of_queues(path))
		return;
	if (job->checks)
		check_one(job, item, path, S_IFREG);
	else
		put_file(job, item, from, path);
}

/* All pages whose name ends in item->from. */
static void
do_manual(struct job *job, const struct item *item, const char *path)
{
	struct dir dir = { .stream = NULL };
	const char *name;

	if (dir_open(&dir, "man") < 0) {
		complain_errno(job, "man");
		return;
	}
	while (dir_next(&dir, &name) > 0) {
		struct str from = STR_INIT, to = STR_INIT;

		if (!span_ends(span_of(name), span_of(item->from)))
			continue;
		str_add_z(&from, "man/");
		str_add_z(&from, name);
		str_add_z(&to, path);
		str_add_byte(&to, '/');
		str_add_z(&to, name);
		do_file(job, item, str_z(&from), str_z(&to));
		str_free(&from);
		str_free(&to);
	}
	dir_close(&dir);
}

static void
do_item(struct job *job, const struct item *item)
{
	struct str path = STR_INIT, from = STR_INIT;

	str_add_z(&path, job->destdir);
	str_add_z(&path, home_dir);
	if (*item->name) {
		str_add_byte(&path, '/');
		str_add_z(&path, item->name);
	}
	str_add_z(&from, "build/");
	str_add_z(&from, item->name);
	switch (item->kind) {
	case FOLDER:
		do_made(job, item, str_z(&path), S_IFDIR, make_folder);
		break;
	case SPLIT_FOLDER:
		do_split_folder(job, item, str_z(&path));
		break;
	case MAYBE_PROGRAM:
		if (access(str_z(job->checks ? &path : &from), F_OK) == 0)
			do_file(job, item, str_z(&from), str_z(&path));
		break;
	case PROGRAM:
	case SCRIPT:
		do_file(job, item, str_z(&from), str_z(&path));
		break;
	case FIFO:
		do_made(job, item, str_z(&path), S_IFIFO, make_fifo);
		break;
	case EMPTY:
		do_made(job, item, str_z(&path), S_IFREG, make_empty);
		break;
	case MANUAL:
		do_manual(job, item, str_z(&path));
		break;
	}
	str_free(&path);
	str_free(&from);
}

/* Accounts may have got other numbers since. */
static void
check_ids(struct job *job, const struct item *item, const char *path,
    struct span wanted)
{
	struct str found = STR_INIT;
	int fd = file_open(path);

	check_one(job, item, path, S_IFREG);
	if (fd >= 0 && file_read_regular(fd, &found, FILE_MAX) == 0 &&
	    !span_equal(str_span(&found), wanted))
		complain(job, path,
		    "does not agree with the accounts; make install mends it");
	fd_close(fd);
	str_free(&found);
}

/* users/ids: the numbers of the roles, for programs that do not look up
 * names.  In a private instance all are those of the caller. */
static void
write_ids(struct job *job)
{
	static const struct item item = { EMPTY, "", ITEM_ROOT,
		HOME_GROUP_QMAIL, 0644, NULL, 0 };
	struct str text = STR_INIT, path = STR_INIT;

	for (int i = 0; i < HOME_USERS; i++) {
		str_add_z(&text, "user ");
		str_add_z(&text, home_user_name((enum home_user)i));
		str_add_byte(&text, ' ');
		str_add_u64(&text, job->is_root ? job->ids.uid[i] : geteuid());
		str_add_byte(&text, '\n');
	}
	for (int i = 0; i < HOME_GROUPS; i++) {
		str_add_z(&text, "group ");
		str_add_z(&text, home_group_name((enum home_group)i));
		str_add_byte(&text, ' ');
		str_add_u64(&text, job->is_root ? job->ids.gid[i] : getegid());
		str_add_byte(&text, '\n');
	}
	str_add_z(&path, job->destdir);
	str_add_z(&path, home_dir);
	str_add_z(&path, "/users/ids");
	if (job->checks)
		check_ids(job, &item, str_z(&path), str_span(&text));
	else
		put_bytes(job, &item, str_span(&text), str_z(&path));
	str_free(&text);
	str_free(&path);
}

/* Makes the folders above HOME, which all roles go through. */
static void
make_parents(struct job *job)
{
	struct str path = STR_INIT;
	mode_t before = umask(022);

	str_add_z(&path, job->destdir);
	str_add_z(&path, home_dir);
	for (size_t i = 1; i < path.len; i++) {
		if (path.s[i] != '/')
			continue;
		path.s[i] = '\0';
		if (mkdir(path.s, 0755) < 0 && errno != EEXIST)
			complain_errno(job, path.s);
		path.s[i] = '/';
	}
	(void)umask(before);
	str_free(&path);
}

/* A message of another suite's queue lies where no program of this one looks:
 * it would never be delivered, and nobody would know. */
static void
find_strangers(struct job *job, const struct item *item)
{
	struct str path = STR_INIT;
	int found;

	str_add_z(&path, job->destdir);
	str_add_z(&path, home_dir);
	str_add_byte(&path, '/');
	str_add_z(&path, item->name);
	if (access(str_z(&path), F_OK) < 0 && errno == ENOENT)
		goto done;
	found = strangers_are_in(str_z(&path), split_of_queue(job));
	if (found < 0)
		complain_errno(job, str_z(&path));
	else if (found > 0)
		complain(job, str_z(&path),
		    "is of another suite's queue, or of another split; "
		    "build/bin/qmail-qfix --repair takes the mail over; "
		    "see INSTALL, 8");
done:
	str_free(&path);
}

/* To set its rights would open it. */
static void
find_shut_queue(struct job *job)
{
	if (strangers_shut(job->destdir))
		complain(job, home_queue_dir,
		    "is shut: qmail-qfix did not come to its end; run it again");
}

int
main(int argc, char **argv)
{
	struct job job = { .is_root = geteuid() == 0,
		.destdir = argc > 2 ? argv[2] : "" };

	if (argc < 2 ||
	    (strcmp(argv[1], "install") && strcmp(argv[1], "check"))) {
		fprintf(
		    stderr, "usage: qmail-install install|check [DESTDIR]\n");
		return 100;
	}
	job.checks = !strcmp(argv[1], "check");
	if (job.is_root && home_ids_find(&job.ids) < 0) {
		fprintf(stderr,
		    "qmail-install: the users and groups of "
		    "conf-users do not all exist\n");
		return 111;
	}
	(void)umask(077);
	find_shut_queue(&job);
	for (size_t i = 0; i < items_count; i++)
		if (items[i].kind == SPLIT_FOLDER)
			find_strangers(&job, &items[i]);
	if (job.problems && !job.checks) {
		printf("nothing was changed\n");
		return 111;
	}
	if (!job.checks)
		make_parents(&job);
	for (size_t i = 0; i < items_count; i++)
		do_item(&job, &items[i]);
	write_ids(&job);
	if (job.checks)
		job.problems +=
		    condition_check(job.destdir, job.is_root ? &job.ids : NULL);
	if (job.problems)
		printf("%d problems\n", job.problems);
	else if (job.checks)
		printf("all right\n");
	return job.problems ? 111 : 0;
}
