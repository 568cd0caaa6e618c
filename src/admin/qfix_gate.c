/*
 * qfix_gate.c - nobody else is in the queue, and nobody comes in.
 * Input: hostile (what the users of the suite have put there)
 *
 * While the queue is changed its folder belongs to root and to root's group, and
 * others may not enter it.  Then no program of this suite or of another can use
 * a name in it, whether it came before or comes now: qmail-queue ends with 62 or
 * the like, for its caller to try later, and qmail-send does not start.  That
 * outlives this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "sys/filesystem.h"
#include "sys/lock.h"

#include "qfix.h"

#define SHUT_MODE 0700

/* What the daemons lock, for as long as they live; in the order in which they
 * are asked.  The descriptors stay open to the end. */
static const struct {
	const char *name, *says;
} locks[] = {
	{ "sendmutex", "qmail-send runs on this queue: stop it first" },
	{ "info", "a qmail-todo runs on this queue still: wait for its end" },
	{ "intd", "a qmail-clean runs on this queue still: wait for its end" },
};

/* Takes one, if it is there and what it should be. */
static const char *
take(int above, const char *name, const char *says)
{
	struct stat st;
	int fd = openat(above, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENXIO
		    ? NULL
		    : "cannot open a lock";
	if (fstat(fd, &st) < 0)
		return "cannot open a lock";
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		fd_close(fd);
		return NULL;
	}
	if (lock_try(fd) == 0)
		return NULL;
	if (errno != EWOULDBLOCK)
		return "cannot take a lock";
	errno = 0;
	return says;
}

static const char *
take_locks(struct qfix *qfix)
{
	const char *trouble = NULL;
	int folder = openat(qfix->queue, "lock",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* What is missing or a link is told of later. */
	if (folder < 0 && errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
		return "cannot open queue/lock";
	for (size_t i = 0; !trouble && i < sizeof(locks) / sizeof(*locks); i++)
		if (i > 0 || folder >= 0)
			trouble = take(i == 0 ? folder : qfix->queue,
			    locks[i].name, locks[i].says);
	fd_close(folder);
	return trouble;
}

const char *
gate_begin(struct qfix *qfix, struct gate *gate)
{
	if (chdir(home_queue_dir) < 0 || (qfix->queue = file_open(".")) < 0 ||
	    fstat(qfix->queue, &gate->before) < 0)
		return "cannot use the queue";
	gate->was_shut = gate->before.st_uid == 0 && gate->before.st_gid == 0 &&
	    (gate->before.st_mode & S_IRWXO) == 0;
	gate->is_shut = gate->was_shut;
	return take_locks(qfix);
}

/* qmail-queue holds the lock until its message is accepted; a delivery of it
 * may do so too. */
static int
look_for_lock(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st)
{
	uint64_t number;
	bool is_new;
	int fd, result = 0;

	if (!qfix_is_file(name, st, &number, &is_new))
		return 0;
	fd = openat(
	    spot->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP
		    ? 0
		    : qfix_failed(qfix, "open", spot, name);
	if (lock_try(fd) < 0)
		result = qfix_failed(qfix, "lock", spot, name);
	fd_close(fd);
	return result;
}

int
gate_find_writer(struct qfix *qfix)
{
	if (qfix_walk(qfix, QUEUE_MESS, look_for_lock) == 0)
		return 0;
	return qfix->failure.number == EWOULDBLOCK ? 1 : -1;
}

/* The owner goes first: then only root comes in, whatever the mode was. */
int
gate_shut(struct qfix *qfix, struct gate *gate)
{
	static const struct spot here = { .folder = QUEUE_FOLDERS };

	gate->is_shut = true;
	return fchown(qfix->queue, 0, 0) < 0 ||
		fchmod(qfix->queue, SHUT_MODE) < 0 || file_sync(qfix->queue) < 0
	    ? qfix_failed(qfix, "shut", &here, "queue")
	    : 0;
}

/* The owner comes last: in one step it is open as it should be. */
static int
set_rights(
    struct qfix *qfix, struct gate *gate, uid_t uid, gid_t gid, unsigned mode)
{
	if (fchmod(qfix->queue, mode) < 0 || fchown(qfix->queue, uid, gid) < 0)
		return -1;
	gate->is_shut = false;
	return file_sync(qfix->queue);
}

int
gate_open(struct qfix *qfix, struct gate *gate)
{
	static const struct spot here = { .folder = QUEUE_FOLDERS };
	struct rights rights = rights_of_folder(QUEUE_FOLDERS);

	/* A folder may be a mount of its own. */
	for (int i = 0; i < QUEUE_FOLDERS; i++)
		if (filesystem_sync(qfix->folders[i]) < 0)
			return qfix_failed(qfix, "sync", &here, "queue");
	if (filesystem_sync(qfix->queue) < 0)
		return qfix_failed(qfix, "sync", &here, "queue");
	return set_rights(qfix, gate, qfix->ids.uid[rights.user],
		   qfix->ids.gid[rights.group], rights.mode) < 0
	    ? qfix_failed(qfix, "open", &here, "queue")
	    : 0;
}

bool
gate_give_back(struct qfix *qfix, struct gate *gate)
{
	if (gate->is_shut && !gate->was_shut && !qfix->has_begun)
		/* What of it fails is told by is_shut. */
		(void)set_rights(qfix, gate, gate->before.st_uid,
		    gate->before.st_gid, gate->before.st_mode & 07777);
	return !gate->is_shut;
}
