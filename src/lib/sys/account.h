/* account.h - the accounts of the system, as its C library knows them. */
#ifndef SYS_ACCOUNT_H
#define SYS_ACCOUNT_H

#include <pwd.h>

#include "base/attr.h"

/*
 * account_find: getpwnam(3) that tells "no such account" from "cannot tell".
 *   name      of the account; of none if it begins with #, + or -, or a blank
 *   account   receives it, good until the next call
 * Returns 1; 0: there is none; -1 with errno: that cannot be told now.
 */
MUST_CHECK int account_find(const char *name, struct passwd **account);

/*
 * account_is_in: whether a file like passwd(5) has a line of the account.
 * Returns 1, 0, also where there is no such file; -1 with errno.
 */
MUST_CHECK int account_is_in(const char *path, const char *name);

#endif
