/*
 * secret.h - the parts of qmail-secretd.
 *
 *	qmail-secretd.c   opens the door; who asks, and for what
 *	secret_file.c     control/smtpauth
 *	secret_login.c    the dialogue with the server
 */
#ifndef KEYS_SECRET_H
#define KEYS_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "net/secretdoor.h"

#define SECRET_FILE	SECRETDOOR_FILE
#define SECRET_FILE_MAX 65536 /* bytes */
#define SECRET_MAX	1000  /* bytes of a name, and of a password */

struct secret {
	struct str relay, user, password;
	unsigned long line; /* which one it is, or which one is none */
};

#define SECRET_INIT                             \
	{                                       \
		STR_INIT, STR_INIT, STR_INIT, 0 \
	}

/*
 * secret_find: the line of the file for the relay and the domain of a sender.
 *   secret   receives it
 * Returns 1; 0: there is none; -1 with errno, EINVAL: the file has a line that is
 * none, secret->line.
 */
MUST_CHECK int
secret_find(struct span relay, struct span domain, struct secret *secret);

/* secret_free: wipes it. */
void secret_free(struct secret *secret);

enum secret_end {
	SECRET_TAKEN,
	SECRET_REFUSED, /* by the server; its reply is in the text */
	SECRET_BROKEN	/* words are in the text */
};

/*
 * secret_login: tells the server on descriptor 0 and 1, which is known to be the
 * right one, name and password.
 *   greets   whether the server greets first
 *   text     receives words
 * Nothing that it says after its last reply has been read.
 */
enum secret_end secret_login(const struct secret *secret, struct span helo,
    bool greets, int64_t deadline, struct str *text);

#endif
