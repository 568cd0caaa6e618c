/*
 * logintry.h - a try to log in, told to qmail-authd by who checks the password
 * himself: whoever guesses waits for his turn there, as with logincheck.h.
 *
 *	question   A address NUL     of the client, as TCPREMOTEIP has it
 *	           S service NUL     a word for the log: "pop3"
 *	           U name NUL
 *	           E event NUL       a letter
 *	answer     K NUL             it may begin; or, to what came of it, noted
 *	           L NUL             that was tried too often; later, perhaps
 *	           Z NUL             cannot be told now
 *
 * A try counts as wrong from its beginning, until it is told that it was not.
 * One question on a connection; the door is that of logincheck.h, and only root
 * is heard.
 * Source: qmail-authd(8).
 */
#ifndef QUEUE_LOGINTRY_H
#define QUEUE_LOGINTRY_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "queue/logincheck.h"

#define LOGINTRY_EVENT 'E'

enum logintry_event {
	LOGINTRY_BEGINS = 'B',
	LOGINTRY_WAS_RIGHT = 'K',
	LOGINTRY_IS_UNKNOWN = 'Z', /* nobody could tell: it does not count */
};

/*
 * logintry_tell: tells of a try, and of its beginning waits for the turn.
 *   home    of the suite, where the door is
 *   login   who; the password does not count
 * Returns LOGINCHECK_RIGHT: it may begin, or nobody counts here, as there never was
 * such a service; LOGINCHECK_WRONG: nobody can have that name;
 * LOGINCHECK_TOO_OFTEN; LOGINCHECK_LATER: the service is dead, full or too slow.
 */
MUST_CHECK enum logincheck_answer logintry_tell(const char *home,
    const struct logincheck *login, enum logintry_event event);

/*
 * logintry_parse: takes a question apart; the spans of login lie in it, and its
 * password is empty.  Returns false if that is none, or not fit.
 */
MUST_CHECK bool logintry_parse(
    struct span record, struct logincheck *login, enum logintry_event *event);

#endif
