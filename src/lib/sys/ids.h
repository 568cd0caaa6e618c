/* ids.h - giving up rights.  The only place that changes uids and gids. */
#ifndef SYS_IDS_H
#define SYS_IDS_H

#include <sys/types.h>

#include "base/attr.h"

#define IDS_GROUPS_MAX 8

/*
 * ids_become: drops from root to these ids for good: groups (the count ones
 * named, IDS_GROUPS_MAX at most), gid, uid; then reads all back.
 * Without root it only checks that the process has this uid already, as in a
 * private instance where one user plays every role.
 * Returns 0; -1 with errno (EPERM: some id is not what was asked for).
 */
MUST_CHECK int
ids_become(uid_t uid, gid_t gid, const gid_t *groups, size_t count);

#endif
