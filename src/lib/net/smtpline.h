/*
 * smtpline.h - replies of SMTP servers (RFC 5321 4.2), fed piece by piece as
 * they come from the network.
 *
 *	smtpreply_init(&reply)
 *	do read bytes; used = smtpreply_feed(&reply, bytes) until not SMTPREPLY_MORE
 *	reply.code, reply.text
 *
 * The code of the first line counts.  Lines end in LF, with or without CR.
 * Pure: includes only base.  Input: hostile.
 */
#ifndef NET_SMTPLINE_H
#define NET_SMTPLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define SMTPREPLY_LINE_MAX  65536      /* bytes; RFC 5321 4.5.3.1.5 says 512 */
#define SMTPREPLY_LINES_MAX 262144     /* lines of one reply */
#define SMTPREPLY_MAX	    (2u << 20) /* bytes of one reply */
#define SMTPREPLY_TEXT_MAX  5000       /* bytes that are kept for people */
#define SMTPREPLY_WORDS_MAX 64	       /* lines of EHLO that are looked at */

enum smtpreply_state {
	SMTPREPLY_MORE,	 /* the reply goes on */
	SMTPREPLY_DONE,	 /* it has ended */
	SMTPREPLY_BROKEN /* it is none, or too long */
};

/* What servers offer in the lines of EHLO. */
enum smtpreply_offer {
	SMTPREPLY_PIPELINING = 1,  /* RFC 2920 */
	SMTPREPLY_8BITMIME = 2,	   /* RFC 6152 */
	SMTPREPLY_SMTPUTF8 = 4,	   /* RFC 6531 */
	SMTPREPLY_SIZE = 8,	   /* RFC 1870 */
	SMTPREPLY_DSN = 16,	   /* RFC 3461 */
	SMTPREPLY_STARTTLS = 32,   /* RFC 3207 */
	SMTPREPLY_AUTH_PLAIN = 64, /* RFC 4954 */
	SMTPREPLY_AUTH_LOGIN = 128
};

struct smtpreply {
	enum smtpreply_state state;
	int code; /* of the first line, 200 to 599; 0: it has none */
	struct str
	    text; /* what people may read, without CR; LF between lines */
	unsigned offers;   /* of enum smtpreply_offer */
	uint64_t size_max; /* bytes of a message; 0: no limit is told */
	uint64_t rcpt_max; /* recipients of a message; 0: likewise (RFC 9422) */
	struct str line;   /* the start of the line that is being read */
	size_t line_len, lines, total;
};

/* smtpreply_init: begins with no reply and no memory. */
void smtpreply_init(struct smtpreply *reply);

/* smtpreply_make_room: makes sure that reading the next reply needs no more
 * memory. */
void smtpreply_make_room(struct smtpreply *reply);

/* smtpreply_reset: begins the next reply, keeps the memory. */
void smtpreply_reset(struct smtpreply *reply);

/*
 * smtpreply_feed: takes bytes of the reply.
 * Returns how many belonged to it; fewer than all only when it is done or
 * broken.  After that nothing may be fed.
 */
MUST_CHECK size_t smtpreply_feed(struct smtpreply *reply, struct span bytes);

/* smtpreply_free: releases the memory. */
void smtpreply_free(struct smtpreply *reply);

#endif
