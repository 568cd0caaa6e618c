/*
 * rcptcheck.h - whether anybody here gets mail for an address, asked of
 * qmail-rcptd over a socket.
 *
 *	question   R address NUL     at most RCPTCHECK_ADDRESS_MAX bytes
 *	answer     K NUL             known, or not ours to know
 *	           D NUL             delivery here would fail: no such recipient
 *	           Z NUL             cannot be told now
 *
 * Any number of questions on one connection, one at a time.  Nothing else is
 * ever said.  Source: qmail-rcptd(8).
 */
#ifndef QUEUE_RCPTCHECK_H
#define QUEUE_RCPTCHECK_H

#include "base/attr.h"
#include "base/span.h"

#define RCPTCHECK_QUESTION    'R'
#define RCPTCHECK_ADDRESS_MAX 1002
#define RCPTCHECK_DOOR	      "run/rcptd" /* below the home of the suite */
#define RCPTCHECK_LOCK	      "run/lock"  /* locked while the suite runs */
#define RCPTCHECK_SECONDS     60	  /* so long an answer is waited for */

enum rcptcheck_answer {
	RCPTCHECK_KNOWN = 'K',
	RCPTCHECK_UNKNOWN = 'D',
	RCPTCHECK_LATER = 'Z',
};

struct rcptcheck {
	int fd; /* -1: not connected */
};

#define RCPTCHECK_INIT \
	{              \
		-1     \
	}

/*
 * rcptcheck_ask: asks about one address; connects if need be, again if the
 * service has ended the connection since the last question.
 *   address   of an envelope, without NUL; hostile
 * The working folder is the home of the suite.  While the suite does not run
 * each address is RCPTCHECK_KNOWN: what comes is queued, and judged when it is
 * delivered.  If it runs, and the service is dead, full or too slow, it is
 * RCPTCHECK_LATER.
 */
MUST_CHECK enum rcptcheck_answer
rcptcheck_ask(struct rcptcheck *check, struct span address);

/* rcptcheck_close: ends the connection, if there is one. */
void rcptcheck_close(struct rcptcheck *check);

#endif
