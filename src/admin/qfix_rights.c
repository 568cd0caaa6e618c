/*
 * qfix_rights.c - who may what in the queue.
 * Input: hostile (what the users of the suite have put there)
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys/fd.h"

#include "qfix.h"

#define Q HOME_QMAILQ
#define S HOME_QMAILS
#define G HOME_GROUP_QMAIL
#define N HOME_GROUP_NOFILES

/* As the installation makes them; src/README says why. */
static const struct {
	struct rights folder, file;
} table[QUEUE_FOLDERS + 1] = {
	[QUEUE_MESS] = { { Q, N, 0750 }, { Q, N, 0644 } },
	[QUEUE_INTD] = { { Q, N, 0750 }, { Q, N, 0640 } },
	[QUEUE_TODO] = { { Q, N, 0750 }, { Q, N, 0640 } },
	[QUEUE_INFO] = { { S, G, 0700 }, { S, G, 0600 } },
	[QUEUE_LOCAL] = { { S, G, 0700 }, { S, G, 0600 } },
	[QUEUE_REMOTE] = { { S, G, 0700 }, { S, G, 0600 } },
	[QUEUE_BOUNCE] = { { S, G, 0700 }, { S, G, 0600 } },
	[QUEUE_FOLDERS] = { { Q, G, 0750 }, { S, G, 0600 } },
};

struct rights
rights_of_folder(enum queue_folder folder)
{
	return table[folder].folder;
}

struct rights
rights_of_file(enum queue_folder folder)
{
	return table[folder].file;
}

/* The digits of a mode as they are usually written. */
static uint64_t
in_octal(unsigned mode)
{
	return (mode >> 9 & 7) * 1000 + (mode >> 6 & 7) * 100 +
	    (mode >> 3 & 7) * 10 + (mode & 7);
}

static void
tell(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st, uid_t uid, gid_t gid, unsigned mode)
{
	if (st->st_uid != uid)
		qfix_wrong_number(qfix, spot, name, "owner", st->st_uid, uid);
	if (st->st_gid != gid)
		qfix_wrong_number(qfix, spot, name, "group", st->st_gid, gid);
	if ((st->st_mode & 07777) != mode)
		qfix_wrong_number(qfix, spot, name, "mode",
		    in_octal(st->st_mode & 07777), in_octal(mode));
}

/* Owner first: changing it may change the mode. */
static int
give(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st, uid_t uid, gid_t gid, unsigned mode)
{
	struct stat now;
	int fd = openat(spot->fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return qfix_failed(qfix, "open", spot, name);
	qfix->has_begun = true;
	result = fstat(fd, &now);
	if (result == 0 &&
	    (now.st_ino != st->st_ino || now.st_dev != st->st_dev)) {
		errno = ESTALE;
		result = -1;
	}
	if (result == 0 && (st->st_uid != uid || st->st_gid != gid))
		result = fchown(fd, uid, gid);
	if (result == 0)
		result = fchmod(fd, mode);
	if (result < 0)
		(void)qfix_failed(qfix, "give away", spot, name);
	fd_close(fd);
	qfix->given++;
	return result;
}

int
qfix_rights(struct qfix *qfix, const struct spot *spot, const char *name,
    const struct stat *st, struct rights rights, bool may_own)
{
	uid_t uid = qfix->ids.uid[rights.user];
	gid_t gid = qfix->ids.gid[rights.group];

	if (st->st_uid == uid && st->st_gid == gid &&
	    (st->st_mode & 07777) == rights.mode)
		return 0;
	may_own = may_own || st->st_uid == uid;
	if (qfix->mends)
		return may_own
		    ? give(qfix, spot, name, st, uid, gid, rights.mode)
		    : 0;
	if (!may_own)
		qfix_wrong(qfix, spot, name,
		    "has another name; its owner is left as it is");
	else
		tell(qfix, spot, name, st, uid, gid, rights.mode);
	return 0;
}
