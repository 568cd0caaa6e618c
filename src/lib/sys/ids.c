/* ids.c - giving up rights. */
#include "sys/ids.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
is_now(uid_t uid, gid_t gid)
{
	uid_t real_uid, effective_uid, saved_uid;
	gid_t real_gid, effective_gid, saved_gid;

	return getresuid(&real_uid, &effective_uid, &saved_uid) == 0 &&
	    getresgid(&real_gid, &effective_gid, &saved_gid) == 0 &&
	    real_uid == uid && effective_uid == uid && saved_uid == uid &&
	    real_gid == gid && effective_gid == gid && saved_gid == gid;
}

/*
 * The plain system calls.  This is a process of one thread, perhaps the child
 * of a vfork; the library's functions would stop and signal threads that
 * there are not, at the price of three more calls each.
 */
static int
set_all(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	return syscall(SYS_setgroups, count, groups) < 0 ||
		syscall(SYS_setresgid, gid, gid, gid) < 0 ||
		syscall(SYS_setresuid, uid, uid, uid) < 0
	    ? -1
	    : 0;
}

int
ids_become(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	if (set_all(uid, gid, groups, count) == 0) {
		if (is_now(uid, gid))
			return 0;
		errno = EPERM;
	} else if (errno == EPERM && geteuid() == uid && getuid() == uid) {
		return 0; /* a private instance; nothing was changed */
	}
	return -1;
}
