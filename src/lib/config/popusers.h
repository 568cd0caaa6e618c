/*
 * popusers.h - users who get mail by POP3 but have no account: HOME/users/pop,
 * and the database that is made of it.
 *
 * A line of users/pop is like one of passwd(5), without shell if need be:
 *
 *	name:password:uid:gid:comment:home
 *
 * The password is a hash as crypt(3) makes it, perhaps with {CRYPT} in front,
 * or {PLAIN} and the password itself, which APOP needs.  A record of the
 * database has the name in lower case as its key, and as its value password,
 * uid, gid and home, each ending in NUL.
 * Input: trusted.  Source: qmail-newpop(8).
 */
#ifndef CONFIG_POPUSERS_H
#define CONFIG_POPUSERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define POPUSERS_NAME_MAX   512	 /* bytes, as checkpassword takes them */
#define POPUSERS_RECORD_MAX 8192 /* bytes */

struct popuser {
	struct span name; /* empty if it comes from a record */
	struct span hash; /* empty: the password is plain */
	struct span plain;
	struct span home;
	uid_t uid;
	gid_t gid;
};

/*
 * popuser_parse_line: takes a line of users/pop apart; its spans lie in it.
 * Returns NULL, or why it cannot be used, as half a sentence.
 */
MUST_CHECK const char *
popuser_parse_line(struct span line, struct popuser *user);

/* popuser_format: appends the record of a user. */
void popuser_format(const struct popuser *user, struct str *record);

/*
 * popuser_parse: takes a record apart; its spans lie in it.
 * Returns false for one that popuser_format does not make, and for uid 0.
 */
MUST_CHECK bool popuser_parse(struct span record, struct popuser *user);

/* popuser_add_key: appends the key of a name. */
void popuser_add_key(struct str *key, struct span name);

/*
 * popusers_find: looks a name up in HOME/users/pop.cdb.
 *   name     of POPUSERS_NAME_MAX bytes at most; hostile
 *   record   receives the record, replaced; to be wiped
 * Returns 1; 0 if it is not there, or there is no database; -1 with errno,
 * EBADMSG: damaged.
 */
MUST_CHECK int popusers_find(struct span name, struct str *record);

#endif
