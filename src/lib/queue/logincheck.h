/*
 * logincheck.h - whether a name and a password belong together, asked of
 * qmail-authd over a socket.
 *
 *	question   A address NUL     of the client, as TCPREMOTEIP has it
 *	           S service NUL     a word for the log: "smtp"
 *	           U name NUL
 *	           P password NUL
 *	answer     K NUL             they do
 *	           D NUL             they do not
 *	           L NUL             that was tried too often; later, perhaps
 *	           Z NUL             cannot be told now
 *
 * One question on a connection.  Nothing else is ever said.
 * Source: qmail-authd(8).
 */
#ifndef QUEUE_LOGINCHECK_H
#define QUEUE_LOGINCHECK_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define LOGINCHECK_ADDRESS  'A'
#define LOGINCHECK_SERVICE  'S'
#define LOGINCHECK_NAME	    'U'
#define LOGINCHECK_PASSWORD 'P'

#define LOGINCHECK_ADDRESS_MAX 64 /* bytes */
#define LOGINCHECK_SERVICE_MAX 16
/* Bytes of name and password together: a checkpassword program takes 512, with
 * a NUL behind each of them and behind a timestamp, which is empty. */
#define LOGINCHECK_SECRETS_MAX 509
#define LOGINCHECK_RECORD_MAX                              \
	(LOGINCHECK_ADDRESS_MAX + LOGINCHECK_SERVICE_MAX + \
	    LOGINCHECK_SECRETS_MAX + 8)
#define LOGINCHECK_DOOR	   "login/door" /* below the home of the suite */
#define LOGINCHECK_SECONDS 150		/* so long an answer is waited for */

enum logincheck_answer {
	LOGINCHECK_RIGHT = 'K',
	LOGINCHECK_WRONG = 'D',
	LOGINCHECK_TOO_OFTEN = 'L',
	LOGINCHECK_LATER = 'Z',
};

/* Who says that he is who; hostile. */
struct logincheck {
	struct span address, service;
	struct span name, password;
};

/* logincheck_is_name: whether anybody can have this name: it is not empty, not too
 * long, and has no control byte. */
bool logincheck_is_name(struct span name);

/*
 * logincheck_is_fit: whether this can be asked: no part is longer than it may
 * be or has a NUL, the name is not empty and has no control byte.
 */
bool logincheck_is_fit(const struct logincheck *login);

/*
 * logincheck_ask: asks.  The working folder is the home of the suite.
 * Who is not fit is LOGINCHECK_WRONG.  If the service is dead, full or too slow,
 * it is LOGINCHECK_LATER.  No copy of the password stays here.
 */
MUST_CHECK enum logincheck_answer
logincheck_ask(const struct logincheck *login);

/*
 * logincheck_ask_at: sends any question, wipes it, and hears the answer; for those
 * who ask at the same door.
 *   fd   connected to it, and closed here; -1: nobody is there, which is
 *        LOGINCHECK_LATER
 * Returns as logincheck_ask.
 */
MUST_CHECK enum logincheck_answer
logincheck_ask_at(int fd, struct str *question);

/*
 * logincheck_parse: takes a question apart; its spans lie in it.
 * Returns false if that is none, or not fit.
 */
MUST_CHECK bool logincheck_parse(struct span record, struct logincheck *login);

#endif
