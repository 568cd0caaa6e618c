/*
 * shadow.h - passwords of accounts, as the C library of the system knows them.
 * Source: shadow(5), crypt(3).
 */
#ifndef SYS_SHADOW_H
#define SYS_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

#define SHADOW_DAY 86400 /* seconds */

/* Until when a password and its account count, in days since 1970; -1: that
 * field is empty, nothing follows from it. */
struct shadow_times {
	int64_t last_change; /* 0: it must be changed before it is used */
	int64_t max;	     /* days that it may be used after that */
	int64_t inactive;    /* days of grace after that */
	int64_t expires;     /* the account itself, from that day on */
};

/*
 * shadow_is_current: whether password and account count on that day.  After
 * max a password would have to be changed first, which cannot be done by mail:
 * it counts during the days of grace, and without them no more.
 */
bool shadow_is_current(const struct shadow_times *times, int64_t day);

/*
 * shadow_find: the hash of the password of an account, and whether it counts.
 *   name      of the account
 *   passwd    what passwd(5) has in place of the hash: it counts if the
 *             account is not in shadow(5)
 *   hash      receives it, replaced; to be wiped
 *   is_current   receives whether it counts today; seconds is the time
 * Returns 0; -1 with errno: that cannot be told now.
 */
MUST_CHECK int shadow_find(const char *name, const char *passwd,
    int64_t seconds, struct str *hash, bool *is_current);

/*
 * shadow_check: whether this is the password of a hash; in the same time for
 * all passwords of the same length, whatever is wrong.  Locked and empty
 * hashes, and those that crypt(3) does not know, are nobody's, after as much
 * work as for one that it knows.
 */
MUST_CHECK bool shadow_check(const char *password, const char *hash);

#endif
