/*
 * qmail-install.c - puts the suite where it lives, or checks that it is there.
 * Runs as   root, once; or as anyone, for a private instance.
 * Reads     build/ and man/ below the working folder; its table, below.
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
#include "sys/filesystem.h"

#define ROOT	   (-1) /* owner: root; group: root's */
#define FILE_MAX   (64u << 20)
#define TCPTO_SIZE 1024

enum kind {
	FOLDER,
	SPLIT_FOLDER, /* with one subfolder for each part of the queue */
	PROGRAM,      /* from build/bin */
	SCRIPT,	      /* from build/bin too: text */
	FIFO,
	EMPTY, /* a file that is made if it is not there; size below */
	MANUAL /* all pages of one section, from man/ */
};

struct item {
	enum kind kind;
	const char *name;
	int user;  /* enum home_user, or ROOT */
	int group; /* enum home_group, or ROOT */
	unsigned mode;
	const char *from;
	long size;
};

/*
 * Who may what in the queue.  Its folders belong to qmailq or qmails; those of
 * group qmail may enter it; of these, only those of group nofiles too, which
 * are the processes of qmails, may read messages.
 */
#define Q HOME_QMAILQ
#define S HOME_QMAILS
#define G HOME_GROUP_QMAIL
#define N HOME_GROUP_NOFILES

static const struct item items[] = {
	{ FOLDER, "", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "bin", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "control", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "users", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "alias", HOME_ALIAS, G, 0755, NULL, 0 },
	{ FOLDER, "run", HOME_QMAILV, G, 0755, NULL, 0 },
	{ EMPTY, "run/lock", ROOT, G, 0644, NULL, 0 },
	{ FOLDER, "man", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "man/man1", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "man/man5", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "man/man7", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "man/man8", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "queue", Q, G, 0750, NULL, 0 },
	{ SPLIT_FOLDER, "queue/mess", Q, N, 0750, NULL, 0 },
	{ SPLIT_FOLDER, "queue/intd", Q, N, 0700, NULL, 0 },
	{ SPLIT_FOLDER, "queue/todo", Q, N, 0750, NULL, 0 },
	{ SPLIT_FOLDER, "queue/info", S, G, 0700, NULL, 0 },
	{ SPLIT_FOLDER, "queue/local", S, G, 0700, NULL, 0 },
	{ SPLIT_FOLDER, "queue/remote", S, G, 0700, NULL, 0 },
	{ SPLIT_FOLDER, "queue/bounce", S, G, 0700, NULL, 0 },
	{ FOLDER, "queue/lock", Q, G, 0750, NULL, 0 },
	{ EMPTY, "queue/lock/sendmutex", S, G, 0600, NULL, 0 },
	{ EMPTY, "queue/lock/tcpok", S, G, 0600, NULL, 0 },
	{ EMPTY, "queue/lock/tcpto", HOME_QMAILR, G, 0600, NULL, TCPTO_SIZE },
	{ FIFO, "queue/lock/trigger", S, N, 0620, NULL, 0 },
	{ PROGRAM, "bin/qmail-queue", Q, N, 06555, NULL, 0 },
	{ PROGRAM, "bin/qmail-clean", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-send", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-todo", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-start", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-lspawn", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-rspawn", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-local", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-remote", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-getpw", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-smtpd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-popup", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-pop3d", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/checkpassword", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-newpop", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/pop-note", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/pop-relay", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-qmtpd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-qmqpd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/ofmipd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/ofmipname", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/tcp-env", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/greetdelay", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/proxyin", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-qmqpc", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-inject", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/sendmail", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/maildirmake", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-newmrh", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-rcptd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-qread", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-showctl", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-tcpto", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-tcpok", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/new-inject", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/822field", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/822header", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/822date", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/822received", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/iftocc", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/setlock", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/maildirserial", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/serialsmtp", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/serialqmtp", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/splogger", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/qmail-qstat", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/maildirsmtp", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/maildirqmtp", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/config", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/config-fast", ROOT, G, 0755, NULL, 0 },
	{ MANUAL, "man/man1", ROOT, G, 0644, ".1", 0 },
	{ MANUAL, "man/man5", ROOT, G, 0644, ".5", 0 },
	{ MANUAL, "man/man7", ROOT, G, 0644, ".7", 0 },
	{ MANUAL, "man/man8", ROOT, G, 0644, ".8", 0 },
};

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
	return item->user == ROOT ? 0 : job->ids.uid[item->user];
}

static gid_t
group(const struct job *job, const struct item *item)
{
	if (!job->is_root)
		return getegid();
	return item->group == ROOT ? 0 : job->ids.gid[item->group];
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

/*
 * Opens what was made at path.  Folders below the first level of HOME belong
 * to roles, which could have put a link in the place of anything: none is
 * followed there.
 */
static int
open_made(const struct job *job, const char *path)
{
	size_t home_len = strlen(job->destdir) + strlen(home_dir);
	struct span rest = span_from(span_of(path), home_len + 1), part;
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct str name = STR_INIT;
	int fd;

	str_set(&name, span_upto(span_of(path), home_len));
	fd = open(str_z(&name), flags);
	while (fd >= 0 && span_cut_next(&rest, '/', &part)) {
		int above = fd;

		str_set(&name, part);
		fd = openat(above, str_z(&name), flags);
		fd_close(above);
		flags |= O_NOFOLLOW;
	}
	str_free(&name);
	return fd;
}

/* Owner first: changing it clears setuid bits. */
static void
give(struct job *job, const struct item *item, const char *path)
{
	int fd = open_made(job, path);

	if (fd < 0 || fchown(fd, owner(job, item), group(job, item)) < 0 ||
	    fchmod(fd, mode(job, item)) < 0)
		complain_errno(job, path);
	fd_close(fd);
}

static void
make_folder(struct job *job, const struct item *item, const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		complain_errno(job, path);
	else
		give(job, item, path);
}

/* Puts a file in place whole: a program that runs is never written to. */
static void
put_file(struct job *job, const struct item *item, const char *from,
    const char *path)
{
	struct str bytes = STR_INIT, fresh = STR_INIT;
	int fd = -1;

	str_add_z(&fresh, path);
	str_add_z(&fresh, ".new");
	if (file_read(from, &bytes, FILE_MAX) < 0) {
		complain_errno(job, from);
		goto done;
	}
	(void)unlink(str_z(&fresh));
	if ((fd = file_create(str_z(&fresh), 0600)) < 0 ||
	    fd_write_all(fd, str_span(&bytes)) < 0 || file_sync(fd) < 0) {
		complain_errno(job, str_z(&fresh));
		goto done;
	}
	give(job, item, str_z(&fresh));
	if (rename(str_z(&fresh), path) < 0)
		complain_errno(job, path);
done:
	fd_close(fd);
	str_free(&bytes);
	str_free(&fresh);
}

static void
make_empty(struct job *job, const struct item *item, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    (st.st_size < item->size && ftruncate(fd, item->size) < 0))
		complain_errno(job, path);
	else
		give(job, item, path);
	fd_close(fd);
}

static void
make_fifo(struct job *job, const struct item *item, const char *path)
{
	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		complain_errno(job, path);
	else
		give(job, item, path);
}

/* ---- the walk through the table ---- */

static void
do_folder(struct job *job, const struct item *item, const char *path)
{
	if (job->checks)
		check_one(job, item, path, S_IFDIR);
	else
		make_folder(job, item, path);
}

static void
do_split_folder(struct job *job, const struct item *item, const char *path)
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
	do_folder(job, item, path);
	for (uint64_t part = 0; part < split; part++) {
		str_reset(&queue);
		str_add_z(&queue, path);
		str_add_byte(&queue, '/');
		str_add_u64(&queue, part);
		do_folder(job, item, str_z(&queue));
	}
	str_free(&queue);
}

static void
do_file(struct job *job, const struct item *item, const char *from,
    const char *path)
{
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
		do_folder(job, item, str_z(&path));
		break;
	case SPLIT_FOLDER:
		do_split_folder(job, item, str_z(&path));
		break;
	case PROGRAM:
	case SCRIPT:
		do_file(job, item, str_z(&from), str_z(&path));
		break;
	case FIFO:
		if (job->checks)
			check_one(job, item, str_z(&path), S_IFIFO);
		else
			make_fifo(job, item, str_z(&path));
		break;
	case EMPTY:
		if (job->checks)
			check_one(job, item, str_z(&path), S_IFREG);
		else
			make_empty(job, item, str_z(&path));
		break;
	case MANUAL:
		do_manual(job, item, str_z(&path));
		break;
	}
	str_free(&path);
	str_free(&from);
}

/* users/ids: the numbers of the roles, for programs that do not look up
 * names.  In a private instance all are those of the caller. */
static void
write_ids(struct job *job)
{
	static const struct item item = { EMPTY, "", ROOT, G, 0644, NULL, 0 };
	struct str text = STR_INIT, path = STR_INIT;
	int fd;

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
	if (job->checks) {
		check_one(job, &item, str_z(&path), S_IFREG);
	} else if ((fd = file_replace(str_z(&path), 0644)) < 0 ||
	    fd_write_all(fd, str_span(&text)) < 0) {
		complain_errno(job, str_z(&path));
	} else {
		fd_close(fd);
		give(job, &item, str_z(&path));
	}
	str_free(&text);
	str_free(&path);
}

/* Makes the folders above HOME. */
static void
make_parents(struct job *job)
{
	struct str path = STR_INIT;

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
	str_free(&path);
}

/* No reason to refuse, but to think. */
static void
warn_of_weak_disk(const struct job *job)
{
	struct str path = STR_INIT;
	const char *weakness;

	str_add_z(&path, job->destdir);
	str_add_z(&path, home_queue_dir);
	weakness = filesystem_weakness(str_z(&path));
	if (weakness)
		fprintf(stderr,
		    "warning: the file system of %s %s; mail may get lost in "
		    "a power cut\n",
		    str_z(&path), weakness);
	str_free(&path);
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
	if (!job.checks)
		make_parents(&job);
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++)
		do_item(&job, &items[i]);
	write_ids(&job);
	if (job.checks)
		warn_of_weak_disk(&job);
	if (job.problems)
		printf("%d problems\n", job.problems);
	return job.problems ? 111 : 0;
}
