/*
 * senders.h - which addresses are whose, for those who have logged in.
 *
 * Whoever logs in as NAME may send as
 *
 *	NAME@DOMAIN   where that is delivered here to NAME, or goes to another
 *	              host of control/rcpthosts
 *	anybody       in a virtual domain that is NAME's: DOMAIN:NAME
 *	NAME          itself, if it is an address
 *
 * and as what control/senders lists: a line NAME:WORD WORD ..., where a word is
 * an address, @DOMAIN, or * for any address; and, for many users, the database
 * that qmail-newmrh(8) makes of such a list.  Letter case does not count.
 * Source: qmail-smtpd(8), qmail-control(5).
 */
#ifndef CONFIG_SENDERS_H
#define CONFIG_SENDERS_H

#include "base/attr.h"
#include "base/span.h"
#include "base/wordset.h"
#include "config/cdb.h"
#include "config/hosts.h"
#include "config/routing.h"

struct senders {
	struct wordset listed; /* by name: its words */
	struct cdb database;   /* the same, of more names */
	struct routing routing;
	struct hosts hosts;
};

#define SENDERS_INIT                                              \
	{                                                         \
		WORDSET_INIT, CDB_INIT, ROUTING_INIT, HOSTS_INIT, \
	}

/*
 * senders_read: reads the control files, and opens the database; the working
 * folder is HOME.
 *   senders   must be as after SENDERS_INIT
 * Returns 0, -1 with errno.
 */
MUST_CHECK int senders_read(struct senders *senders);

/*
 * senders_may: whether an address is one of this name.
 *   name      that somebody has logged in with
 *   address   hostile; empty: a null sender, which anybody may be
 * Returns 1; 0 for no; -1 with errno: a database cannot be read.
 */
MUST_CHECK int
senders_may(struct senders *senders, struct span name, struct span address);

#endif
