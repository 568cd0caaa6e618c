/*
 * received.h - the Received field that network daemons put on top of a
 * message (RFC 5321 4.4).  Input: hostile: the client chooses most words.
 */
#ifndef MAIL_RECEIVED_H
#define MAIL_RECEIVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

/*
 * Bytes of a word; the rest is left out, so that no line passes the 998 of RFC
 * 5322 2.1.1.  A name has 255 (RFC 5321 4.5.3.1.2).
 */
#define RECEIVED_NAME_MAX 255
#define RECEIVED_USER_MAX 200
#define RECEIVED_IP_MAX	  100
#define RECEIVED_TLS_MAX  64

struct received {
	struct span host; /* name of the client */
	struct span helo; /* what it calls itself */
	bool has_helo;
	bool is_hidden; /* who and where the client is, is nobody's business */
	struct span user;     /* who there, from ident; empty: not known */
	struct span ip;	      /* its address */
	struct span by;	      /* our name */
	struct span protocol; /* "SMTP", "ESMTP", "QMTP", "QMQP" */
	struct span tls_protocol, tls_cipher; /* "TLSv1.3"; or empty */
};

/*
 * received_add: appends
 *
 *	Received: from HOST (HELO NAME) (USER@IP)
 *	  by NAME with PROTOCOL (TLSv1.3 CIPHER); 22 Nov 2026 09:05:07 -0000
 *
 * without the last parentheses where TLS is not on, and, of a client that is
 * hidden, without all that stands before "by".
 * HELO is left out if the client gave none, or the name that it has.  All
 * bytes but letters, digits and . @ % + / = : - [ ] become ?, so that no word
 * can end the field or look like a comment.
 */
void received_add(
    struct str *text, const struct received *received, int64_t seconds);

#endif
