/*
 * users.h - who gets the mail of a local address: the record that users/cdb
 * and qmail-getpw give, six fields that each end in NUL: user, uid, gid, home,
 * dash, extension.  Source: qmail-users(5), qmail-getpw(8).
 */
#ifndef CONFIG_USERS_H
#define CONFIG_USERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "config/cdb.h"

#define USERS_RECORD_MAX 8192 /* bytes */

/* What qmail-getpw answers, a byte, where it has no record. */
#define USERS_NOT_NOW	  'Z' /* the account cannot be looked up */
#define USERS_HOME_HIDDEN 'H' /* its home cannot, by how things are set */

struct users_account {
	struct span user, home, dash, extension; /* views into the record */
	uid_t uid;
	gid_t gid;
};

/*
 * users_parse: takes a record apart.
 * Returns false unless it has six fields, the last with or without a NUL at its
 * end, a user, a home, and numbers for uid and gid.  A uid of 0 parses: the
 * caller refuses it.
 */
MUST_CHECK bool users_parse(struct span record, struct users_account *account);

/*
 * users_find: looks a local part up in users/cdb: as it is, then by the
 * wildcards, longest first; all without regard to ASCII case.
 *   record   receives the record, replaced; the extension of a wildcard has
 *            the rest of the local part, in its own case, added
 * Returns 1; 0 if nothing matches; -1 with errno, EBADMSG for a database that
 * is damaged or not one of users.
 */
MUST_CHECK int
users_find(const struct cdb *cdb, struct span local_part, struct str *record);

/* A line of users/assign; its spans lie in that. */
struct users_assignment {
	bool is_exact;		/* else it is for all that begin so */
	struct span local_part; /* as it was written */
	struct span fields[6];
};

/*
 * users_parse_line: takes a line of users/assign apart.
 * Returns NULL, or why it cannot be used, as half a sentence.
 */
MUST_CHECK const char *
users_parse_line(struct span line, struct users_assignment *assignment);

/* users_add_key, users_add_record: appends what stands in users/cdb for it. */
void users_add_key(struct str *key, const struct users_assignment *assignment);
void
users_add_record(struct str *record, const struct users_assignment *assignment);

#endif
