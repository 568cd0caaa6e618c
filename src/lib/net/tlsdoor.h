/*
 * tlsdoor.h - how a program has TLS spoken on its connection: one record over a
 * door (sys/door.h), with four descriptors.
 *
 *	door            TLSDOOR_SERVER, to qmail-tlsd: the other end is a client
 *	                TLSDOOR_CLIENT, to qmail-tlsc: it is a server
 *	record          'y': start; 'Y': start, and report; to qmail-tlsc also
 *	                'V', as 'Y', but a failure is reported too; there the
 *	                letter may be followed by a demand (net/tlsdemand.h)
 *	descriptors     the connection; the control socket; where the plain text
 *	                goes to; where it comes from
 *
 * From then on all is as UCSPI-TLS has it: the report on the control socket is
 * "NAME=VALUE NUL" for each of its variables, then a NUL; a handshake that fails
 * is its end without a byte, or, after 'V', a report with TLS_FAILURE.
 *
 * Who comes to qmail-tlsc may ask the server for TLS before he sends the record:
 * then he knows that somebody will speak it.  It is waited for longer than
 * qmail-remote waits for a reply.
 */
#ifndef NET_TLSDOOR_H
#define NET_TLSDOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "sys/fdpass.h"

#define TLSDOOR_SERVER	   "tls/door" /* below HOME */
#define TLSDOOR_CLIENT	   "tlsc/door"
#define TLSDOOR_RECORD_MAX FDPASS_RECORD_MAX /* bytes */
#define TLSDOOR_REPORT_MAX 8192		     /* bytes */

/* Until the record must have come. */
#define TLSDOOR_SERVER_SECONDS 10
#define TLSDOOR_CLIENT_SECONDS 630

#define TLSDOOR_START	'y'
#define TLSDOOR_REPORT	'Y'
#define TLSDOOR_VERDICT 'V'

enum {
	TLSDOOR_NETWORK,
	TLSDOOR_CONTROL,
	TLSDOOR_TO_PROGRAM,
	TLSDOOR_FROM_PROGRAM,
	TLSDOOR_FDS /* how many */
};

/*
 * tlsdoor_open: connects to who speaks TLS.
 *   home   HOME
 *   path   TLSDOOR_SERVER or TLSDOOR_CLIENT
 * Returns the socket; -1 with errno: nobody serves, or too many wait.
 */
MUST_CHECK int tlsdoor_open(const char *home, const char *path);

/*
 * tlsdoor_ask: hands a connection over.
 *   record   as above, TLSDOOR_RECORD_MAX bytes at most
 *   fds      as above; they stay open here
 * Returns 0, -1 with errno.
 */
MUST_CHECK int
tlsdoor_ask(int sock, struct span record, const int fds[TLSDOOR_FDS]);

/*
 * tlsdoor_pass: the same, with sockets that it makes.
 *   network   the connection; stays open here
 *   control   receives our end of the control socket
 *   text      receives our end of the socket of the plain text
 * Returns 0; -1 with errno, then there is neither.
 */
MUST_CHECK int tlsdoor_pass(
    int sock, struct span record, int network, int *control, int *text);

/*
 * tlsdoor_read_report: reads the report from the control socket, to its end.
 *   deadline   a moment of clock_monotonic()
 *   report     receives it, without the last NUL
 * Returns 0; -1 with errno, EPROTO: it ended early, or is too long.
 */
MUST_CHECK int
tlsdoor_read_report(int control, int64_t deadline, struct str *report);

/* tlsdoor_value: the value of a variable in a report.
 *   name   with its "="
 * Returns the empty span if there is none; it may be hostile. */
struct span tlsdoor_value(struct span report, struct span name);

/*
 * tlsdoor_hear: the other end of tlsdoor_ask; the socket does not block.
 *   record   receives it, TLSDOOR_RECORD_MAX bytes at most
 *   fds      receives the descriptors, close-on-exec
 * Returns its length; 0 when the peer has gone; -1 with errno: EAGAIN when
 * nothing has come yet, EBADMSG when it was not as above.
 */
MUST_CHECK ssize_t tlsdoor_hear(
    int sock, char record[TLSDOOR_RECORD_MAX], int fds[TLSDOOR_FDS]);

#endif
