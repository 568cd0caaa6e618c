/*
 * hosts.h - the domains for which mail is accepted: control/rcpthosts, and
 * control/morercpthosts.cdb for many of them.  Source: qmail-smtpd(8).
 */
#ifndef CONFIG_HOSTS_H
#define CONFIG_HOSTS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/wordset.h"
#include "config/cdb.h"

struct hosts {
	bool accept_all; /* there is no list: every domain is accepted */
	struct wordset names;
	const char *more; /* the database; opened when the list does not do */
	struct cdb database;
};

#define HOSTS_INIT                                 \
	{                                          \
		true, WORDSET_INIT, NULL, CDB_INIT \
	}

/*
 * hosts_read: reads the list, and notes the database beside it.
 *   list   "control/rcpthosts"; without that file the database is not used
 *   more   "control/morercpthosts.cdb"; the name must stay
 *   hosts  must be as after HOSTS_INIT
 * Returns 0; -1 with errno: the list is there but cannot be used.
 */
MUST_CHECK int
hosts_read(struct hosts *hosts, const char *list, const char *more);

/*
 * hosts_accept: whether mail for this address is accepted: it has no domain,
 * or its domain is listed, or a line .suffix fits.  Case does not count.  The
 * database is opened, relative to the working folder, for the first domain
 * that the list has not.
 *   address   of the envelope; hostile, ADDRESS_MAX keeps the work small
 * Returns 1; 0 for no; -1 with errno: the database is there but cannot be read.
 */
MUST_CHECK int hosts_accept(struct hosts *hosts, struct span address);

#endif
