/*
 * owner.h - whose mail it is, and whether that is who wants it: for
 * checkpassword.
 */
#ifndef POP_OWNER_H
#define POP_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/str.h"
#include "net/poplogin.h"

struct owner {
	struct str name, home, shell;
	uid_t uid; /* never 0 */
	gid_t gid;
	struct str hash, plain; /* one of them, or none; to be wiped */
	bool is_current; /* neither the password nor the account has expired */
};

#define OWNER_INIT               \
	{                        \
		.name = STR_INIT \
	}

/*
 * owner_find: looks a name up in users/pop.cdb, then among the accounts of the
 * system.
 *   name    a NUL follows it
 *   owner   must be as after OWNER_INIT
 * Returns 1; 0 if there is nobody of that name, or only root; -1 with errno:
 * that cannot be told now.
 */
MUST_CHECK int owner_find(struct span name, struct owner *owner);

/*
 * owner_check: whether the login is that of the owner; as much work if it is
 * not.
 *   owner   as after OWNER_INIT: there is nobody of that name
 */
MUST_CHECK bool
owner_check(const struct owner *owner, const struct poplogin *login);

/* owner_forget: wipes the secrets. */
void owner_forget(struct owner *owner);

#endif
