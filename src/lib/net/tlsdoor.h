/*
 * tlsdoor.h - how a program asks qmail-tlsd to speak TLS on a connection: one
 * record over a door (sys/door.h), with four descriptors.
 *
 *	record          'y': start; 'Y': start, and report
 *	descriptors     the connection; the control socket; where the plain text
 *	                goes to; where it comes from
 *
 * From then on all is as UCSPI-TLS has it: the report on the control socket is
 * "NAME=VALUE NUL" for each of its variables, then a NUL; a handshake that fails
 * is its end without a byte.
 */
#ifndef NET_TLSDOOR_H
#define NET_TLSDOOR_H

#include <stdbool.h>

#include "base/attr.h"

#define TLSDOOR_PATH   "tls/door" /* below HOME */
#define TLSDOOR_RECORD 64	  /* bytes at most */

#define TLSDOOR_START  'y'
#define TLSDOOR_REPORT 'Y'

enum {
	TLSDOOR_NETWORK,
	TLSDOOR_CONTROL,
	TLSDOOR_TO_PROGRAM,
	TLSDOOR_FROM_PROGRAM,
	TLSDOOR_FDS /* how many */
};

/*
 * tlsdoor_open: connects to qmail-tlsd.
 *   home   HOME
 * Returns the socket; -1 with errno: nobody serves, or too many wait.
 */
MUST_CHECK int tlsdoor_open(const char *home);

/*
 * tlsdoor_ask: hands a connection over.
 *   letter   TLSDOOR_START or TLSDOOR_REPORT
 *   fds      as above; they stay open here
 * Returns 0, -1 with errno.
 */
MUST_CHECK int tlsdoor_ask(int sock, char letter, const int fds[TLSDOOR_FDS]);

/*
 * tlsdoor_hear: the other end of that; the socket does not block.
 *   fds   receives the descriptors, close-on-exec
 * Returns the letter; 0 when the peer has gone; -1 with errno: EAGAIN when
 * nothing has come yet, EBADMSG when it was not as above.
 */
MUST_CHECK int tlsdoor_hear(int sock, int fds[TLSDOOR_FDS]);

#endif
