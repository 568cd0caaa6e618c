/*
 * starttls.h - the program's side of TLS: the interface UCSPI-TLS.
 *
 * A program that listens to strangers never sees a key or a TLS record.  It
 * talks to the network until its client asks for TLS, and then to somebody who
 * speaks that, on other descriptors:
 *
 *	$UCSPITLS       unset or "-": do not offer TLS; "": offer it; "!": do
 *	                nothing without it
 *	$SSLCTLFD, $SSLREADFD, $SSLWRITEFD
 *	                the descriptors of a provider that waits already; without
 *	                them qmail-tlsd is asked when the time comes
 */
#ifndef NET_STARTTLS_H
#define NET_STARTTLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

#define STARTTLS_SECONDS 90 /* for a handshake and the report */

struct starttls {
	int door;		       /* of qmail-tlsd; -1: a provider waits */
	int control, reading, writing; /* of that provider; -1: none */
};

enum starttls_offer {
	STARTTLS_NOT,
	STARTTLS_OFFERED,
	STARTTLS_REQUIRED
};

/* starttls_offer: what $UCSPITLS says.  Descriptors of a provider are kept from
 * programs that this one starts. */
enum starttls_offer starttls_offer(void);

/* starttls_find: the provider that the environment names.  False: none, and all
 * descriptors are -1. */
bool starttls_find(struct starttls *tls);

/*
 * starttls_begin: has TLS started on the connection, as a server.
 *   home   HOME
 *   tls    receives what the other one needs
 * Returns 0; -1 with errno: there is nobody who could, and the client may be
 * told so.  What the client is told otherwise must leave before this is called,
 * and nothing that it sent behind its command may wait in a buffer.
 */
MUST_CHECK int starttls_begin(const char *home, struct starttls *tls);

/*
 * starttls_finish: waits for the end of the handshake, and puts the plain text
 * on descriptors 0 and 1.
 *   report   receives "NAME=VALUE NUL" for each variable of the provider
 *            whose name begins with SSL_; values are hostile
 * Returns 0; -1 with errno: the connection is of no use any more.
 */
MUST_CHECK int starttls_finish(struct starttls *tls, struct str *report);

/*
 * starttls_take_over: only the second half of that, in another process that has
 * the same connection.  Returns 0, -1 with errno.
 */
MUST_CHECK int starttls_take_over(struct starttls *tls);

/* starttls_close: closes what there is. */
void starttls_close(struct starttls *tls);

#endif
