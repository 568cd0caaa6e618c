/*
 * secretdoor.h - how qmail-remote has a login with another server done by
 * qmail-secretd, so that it never sees the password: records over a door
 * (sys/door.h), each a letter and fields that end in NUL.
 *
 *	1  SECRETDOOR_ASK, relay, domain of the sender
 *	   the answer: SECRETDOOR_YES, there is a login for it; SECRETDOOR_NO
 *	2  after a yes, SECRETDOOR_BEGIN, the name to say in EHLO; the connection,
 *	   on which TLS begins with the next byte; or SECRETDOOR_BEGIN_FIRST, where
 *	   the server has not greeted yet
 *	   the answer: SECRETDOOR_DONE, the report of qmail-tlsc (net/tlsdoor.h),
 *	   and the plain text, where the server has taken the login
 *	   SECRETDOOR_NO_TLS, that report: the server is not who it should be
 *	   SECRETDOOR_REFUSED, the server's last reply
 *	   SECRETDOOR_BROKEN, words: it went wrong otherwise
 */
#ifndef NET_SECRETDOOR_H
#define NET_SECRETDOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define SECRETDOOR_PATH	      "secrets/door"	 /* below HOME */
#define SECRETDOOR_FILE	      "control/smtpauth" /* where the logins are */
#define SECRETDOOR_RECORD_MAX 16384		 /* bytes */
#define SECRETDOOR_NAME_MAX   255 /* of a relay, a domain, a name */

enum secretdoor_letter {
	SECRETDOOR_ASK = 'Q',
	SECRETDOOR_YES = 'y',
	SECRETDOOR_NO = 'n',
	SECRETDOOR_BEGIN = 'L',
	SECRETDOOR_BEGIN_FIRST = 'I',
	SECRETDOOR_DONE = 'K',
	SECRETDOOR_NO_TLS = 'T',
	SECRETDOOR_REFUSED = 'A',
	SECRETDOOR_BROKEN = 'B'
};

/*
 * secretdoor_ask: whether there is a login.
 *   home     HOME
 *   sock     receives the connection to qmail-secretd after a yes; else -1
 * Returns SECRETDOOR_YES or SECRETDOOR_NO, also where no such service ever was and
 * there are no logins; -1 with errno: it does not answer.
 */
MUST_CHECK int secretdoor_ask(
    const char *home, struct span relay, struct span domain, int *sock);

/*
 * secretdoor_begin: has it done.
 *   sock      as above; closed in any case
 *   letter    SECRETDOOR_BEGIN or SECRETDOOR_BEGIN_FIRST
 *   helo      the name to say
 *   network   the connection; stays open here
 *   seconds   for all of it
 *   text      receives the plain text after SECRETDOOR_DONE; else -1
 *   said      receives what is behind the letter of the answer
 * Returns the letter of the answer; -1 with errno: there is none.
 */
MUST_CHECK int
secretdoor_begin(int sock, enum secretdoor_letter letter, struct span helo,
    int network, unsigned seconds, int *text, struct str *said);

#endif
