/*
 * blocklist.h - addresses that are not welcome: control/badmailfrom and
 * badrcptto, with databases beside them for many.  Source: qmail-smtpd(8).
 *
 *	user@host   this address
 *	@host       all addresses of this host
 *	*word*      addresses that fit; * stands for any bytes
 *
 * Case does not count, nor a dot or blank at the end of an address.
 */
#ifndef CONFIG_BLOCKLIST_H
#define CONFIG_BLOCKLIST_H

#include "base/attr.h"
#include "base/span.h"
#include "base/vec.h"
#include "base/wordset.h"
#include "config/cdb.h"

struct blocklist {
	struct wordset words;
	struct str text; /* holds the patterns */
	VEC(struct span) patterns;
	struct cdb database; /* of words */
};

#define BLOCKLIST_INIT                                     \
	{                                                  \
		WORDSET_INIT, STR_INIT, VEC_INIT, CDB_INIT \
	}

/*
 * blocklist_read: reads the list and opens the database, if they are there.
 *   list        "control/badmailfrom"
 *   database    "control/morebadmailfrom.cdb"; qmail-newmrh(8) makes it
 *   blocklist   must be as after BLOCKLIST_INIT
 * Returns 0; -1 with errno: one is there and cannot be used.
 */
MUST_CHECK int blocklist_read(
    struct blocklist *blocklist, const char *list, const char *database);

/*
 * blocklist_has: whether an address is listed.
 *   address   of an envelope; hostile
 * Returns 1; 0 for no; -1 with errno: the database is damaged.
 */
MUST_CHECK int
blocklist_has(const struct blocklist *blocklist, struct span address);

void blocklist_free(struct blocklist *blocklist);

#endif
