/* daemons.h - the daemons of the queue: the descriptors that qmail-start gives to
 * qmail-send, and how those begin that have a door. */
#ifndef QUEUE_DAEMONS_H
#define QUEUE_DAEMONS_H

#include <stdbool.h>

#include "base/attr.h"

#define DAEMONS_LOG_FD	      1
#define DAEMONS_FIRST_LINK_FD 3 /* then in the order below */

/* The sockets to the other daemons. */
enum daemons_link {
	DAEMONS_TODO,
	DAEMONS_LSPAWN,
	DAEMONS_RSPAWN,
	DAEMONS_CLEAN,
	DAEMONS_RCPTD,	/* from here on: those that hear when to begin */
	DAEMONS_QCTLD,	/* orders of administrators */
	DAEMONS_QUEUED, /* as qmail-rcptd: only its end is heard */
	DAEMONS_LINKS	/* their number */
};

#define DAEMONS_BEGIN "B" /* qmail-send to them: there is no other */

/*
 * daemons_may_begin: waits until qmail-send knows that it is the only one: a second
 * start that is refused must not take the place of a door that is in use.
 *   fd   the socket to it
 * Returns false when it is gone.
 */
MUST_CHECK bool daemons_may_begin(int fd);

#endif
