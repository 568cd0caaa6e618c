/* ids.c - giving up rights. */
#include "sys/ids.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/must.h"

/* Where there are two sets, the plain calls cut ids to 16 bits. */
#ifdef SYS_setgroups32
#define CALL_SETGROUPS SYS_setgroups32
#define CALL_SETRESGID SYS_setresgid32
#define CALL_SETRESUID SYS_setresuid32
#else
#define CALL_SETGROUPS SYS_setgroups
#define CALL_SETRESGID SYS_setresgid
#define CALL_SETRESUID SYS_setresuid
#endif

static bool
is_one_of(gid_t gid, const gid_t *groups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* Whether these groups, in any order, are all there are. */
static bool
has_groups(const gid_t *groups, size_t count)
{
	gid_t found[IDS_GROUPS_MAX];
	int got = getgroups(IDS_GROUPS_MAX, found);

	for (int i = 0; i < got; i++)
		if (!is_one_of(found[i], groups, count))
			return false;
	for (size_t i = 0; got >= 0 && i < count; i++)
		if (!is_one_of(groups[i], found, (size_t)got))
			return false;
	return got >= 0;
}

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
	return syscall(CALL_SETGROUPS, count, groups) < 0 ||
		syscall(CALL_SETRESGID, gid, gid, gid) < 0 ||
		syscall(CALL_SETRESUID, uid, uid, uid) < 0
	    ? -1
	    : 0;
}

int
ids_become(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	must(count <= IDS_GROUPS_MAX);
	if (set_all(uid, gid, groups, count) == 0) {
		if (is_now(uid, gid) && has_groups(groups, count))
			return 0;
		errno = EPERM;
	} else if (errno == EPERM && geteuid() == uid && getuid() == uid) {
		return 0; /* a private instance; nothing was changed */
	}
	return -1;
}
