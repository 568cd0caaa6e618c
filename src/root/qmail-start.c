/*
 * qmail-start.c - starts the daemons of the queue, each as its own user, and
 * becomes qmail-send.
 * Runs as   root for some milliseconds (or as anyone, in a private instance).
 * Reads     users/ids; trusts its caller, the administrator.
 * Execs     the logger, qmail-todo, qmail-lspawn, qmail-rspawn, qmail-clean,
 *           qmail-rcptd, qmail-qctld, qmail-queued, qmail-send.
 * Source    qmail-start(8).
 *
 * Each daemon has its socket to qmail-send as fd 0.  qmail-send has the log
 * as fd 1 and the sockets as the numbers below.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "config/home.h"
#include "queue/daemons.h"
#include "queue/rcptcheck.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/ids.h"
#include "sys/lock.h"
#include "sys/spawn.h"

/* Each delivery under way takes up to three in a spawner and one in qmail-send. */
#define DESCRIPTORS	  65536
#define LOCK_MS		  1000 /* for which the lock is waited for */
#define DESCRIPTORS_LEAST 64   /* for the daemons and some deliveries */

struct roles {
	struct home_ids ids;
	gid_t mail_readers[1]; /* the queue's second group, of qmails only */
	bool is_root;
};

/* Raises the limit of open descriptors; ends where it is too low. */
static void
get_descriptors(void)
{
	unsigned long got = fd_raise_limit(DESCRIPTORS);
	struct str line = STR_INIT;

	if (got >= DESCRIPTORS_LEAST)
		return;
	str_add_z(&line,
	    "qmail-start: the limit of open descriptors "
	    "(ulimit -n) is ");
	str_add_u64(&line, got);
	str_add_z(&line, "; at least ");
	str_add_u64(&line, DESCRIPTORS_LEAST);
	str_add_z(&line, " are needed\n");
	/* It ends in any case; the exit code says the same. */
	(void)!fd_write_all(2, str_span(&line));
	_exit(111);
}

static struct spawn_ids
role_ids(uid_t uid, gid_t gid)
{
	return (struct spawn_ids){ .uid = uid, .gid = gid };
}

/* Starts one program with these descriptors; path is below bin/ or the
 * administrator's own logger. */
static void
start(const struct roles *roles, const char *path, char *const *argv,
    struct spawn_ids ids, struct spawn_fd *fds, size_t fd_count)
{
	struct spawn plan = { .path = path,
		.argv = argv,
		.folder = "/",
		.ids = roles->is_root ? &ids : NULL,
		.fd_count = fd_count };

	memcpy(plan.fds, fds, fd_count * sizeof(*fds));
	if (spawn_start(&plan) < 0)
		error_exit("qmail-start", path);
}

/*
 * Starts a daemon; returns our end of the socket to it.
 *   extra_fd   becomes its descriptor 3; -1: none
 */
static int
start_daemon(const struct roles *roles, const char *name, char *argument,
    struct spawn_ids ids, int extra_fd)
{
	struct str path = STR_INIT;
	char *argv[] = { (char *)name, argument, NULL };
	int ends[2];

	str_add_z(&path, home_dir);
	str_add_z(&path, "/bin/");
	str_add_z(&path, name);
	if (fd_pair(ends) < 0)
		error_exit("qmail-start", "socketpair");
	start(roles, str_z(&path), argv, ids,
	    (struct spawn_fd[]){ { ends[1], 0 }, { 2, 2 }, { extra_fd, 3 } },
	    extra_fd == -1 ? 2 : 3);
	fd_close(ends[1]);
	str_free(&path);
	return ends[0];
}

/*
 * The lock that tells that the suite runs; qmail-clean, which starts nothing,
 * holds it till the end.  Returns its descriptor, -1 if it cannot be had: then
 * recipients are not checked while qmail-rcptd is dead.
 */
static int
take_lock(void)
{
	struct str path = STR_INIT;
	int fd;

	str_add_z(&path, home_dir);
	str_add_z(&path, "/" RCPTCHECK_LOCK);
	fd = file_open(str_z(&path));
	str_free(&path);
	if (fd < 0 || lock_wait_shortly(fd, LOCK_MS) == 0)
		return fd < 0 ? -1 : fd;
	fd_close(fd);
	return -1;
}

/* Returns the descriptor that the log is written to. */
static int
start_logger(const struct roles *roles, char *const *argv)
{
	int ends[2];

	if (fd_pipe(ends) < 0)
		error_exit("qmail-start", "pipe");
	start(roles, argv[0], argv,
	    role_ids(roles->ids.uid[HOME_QMAILL],
		roles->ids.gid[HOME_GROUP_NOFILES]),
	    (struct spawn_fd[]){ { ends[0], 0 }, { 1, 1 } }, 2);
	fd_close(ends[0]);
	return ends[1];
}

/* Becomes qmail-send, for good. */
NORETURN static void
become_send(const struct roles *roles, int log_fd, const int *links)
{
	char *const argv[] = { (char *)"qmail-send", NULL };
	struct str path = STR_INIT;
	int fds[DAEMONS_LINKS], own;

	str_add_z(&path, home_dir);
	str_add_z(&path, "/bin/qmail-send");
	/* A reader that is stuck must not hold qmail-send, nor others who write
	 * to the same pipe or terminal find it changed. */
	own = fd_reopen_nonblocking(log_fd);
	if ((log_fd = fd_duplicate_above(own < 0 ? log_fd : own, 16)) < 0)
		error_exit("qmail-start", "dup");
	for (int i = 0; i < DAEMONS_LINKS; i++)
		if ((fds[i] = fd_duplicate_above(links[i], 16)) < 0)
			error_exit("qmail-start", "dup");
	if (dup2(log_fd, DAEMONS_LOG_FD) < 0)
		error_exit("qmail-start", "dup2");
	for (int i = 0; i < DAEMONS_LINKS; i++)
		if (dup2(fds[i], DAEMONS_FIRST_LINK_FD + i) < 0)
			error_exit("qmail-start", "dup2");
	if (roles->is_root &&
	    ids_become(roles->ids.uid[HOME_QMAILS],
		roles->ids.gid[HOME_GROUP_QMAIL], roles->mail_readers, 1) < 0)
		error_exit("qmail-start", "setuid");
	(void)execv(str_z(&path), argv);
	error_exit("qmail-start", str_z(&path));
}

int
main(int argc, char **argv)
{
	char default_delivery[] = "./Mailbox";
	struct roles roles = { .is_root = geteuid() == 0 };
	struct spawn_ids manager;
	int lock, links[DAEMONS_LINKS], log_fd = 1;

	must_hooks(111, NULL);
	if (fd_open_standard() < 0)
		_exit(111);
	fd_close_from(3); /* nothing of the caller's gets to users' programs */
	get_descriptors();
	(void)umask(077);
	if (chdir("/") < 0)
		error_exit("qmail-start", "/");
	if (home_ids_read(&roles.ids) < 0)
		error_exit("qmail-start", "users/ids");
	roles.mail_readers[0] = roles.ids.gid[HOME_GROUP_NOFILES];
	if (argc > 2)
		log_fd = start_logger(&roles, argv + 2);
	manager = role_ids(
	    roles.ids.uid[HOME_QMAILS], roles.ids.gid[HOME_GROUP_QMAIL]);
	manager.groups = roles.mail_readers;
	manager.group_count = 1;
	links[DAEMONS_TODO] =
	    start_daemon(&roles, "qmail-todo", NULL, manager, -1);
	links[DAEMONS_LSPAWN] = start_daemon(&roles, "qmail-lspawn",
	    argc > 1 ? argv[1] : default_delivery,
	    role_ids(0, roles.ids.gid[HOME_GROUP_QMAIL]), -1);
	links[DAEMONS_RSPAWN] = start_daemon(&roles, "qmail-rspawn", NULL,
	    role_ids(
		roles.ids.uid[HOME_QMAILR], roles.ids.gid[HOME_GROUP_QMAIL]),
	    -1);
	lock = take_lock();
	links[DAEMONS_CLEAN] = start_daemon(&roles, "qmail-clean", NULL,
	    role_ids(
		roles.ids.uid[HOME_QMAILQ], roles.ids.gid[HOME_GROUP_NOFILES]),
	    lock);
	fd_close(lock);
	links[DAEMONS_RCPTD] = start_daemon(&roles, "qmail-rcptd", NULL,
	    role_ids(
		roles.ids.uid[HOME_QMAILV], roles.ids.gid[HOME_GROUP_NOFILES]),
	    -1);
	links[DAEMONS_QCTLD] =
	    start_daemon(&roles, "qmail-qctld", NULL, manager, -1);
	links[DAEMONS_QUEUED] = start_daemon(&roles, "qmail-queued", NULL,
	    role_ids(
		roles.ids.uid[HOME_QMAILQ], roles.ids.gid[HOME_GROUP_NOFILES]),
	    -1);
	become_send(&roles, log_fd, links);
}
