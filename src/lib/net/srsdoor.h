/*
 * srsdoor.h - how a program has an address rewritten by qmail-srsd (mail/srs.h),
 * which alone knows the secret: one record over a door (sys/door.h), and one back,
 * each a letter and fields that end in NUL.
 *
 *	SRSDOOR_FORWARD or SRSDOOR_REVERSE, address
 *	SRSDOOR_PASS_ON, address, and behind it those to whom the message is passed on,
 *	each a field; none, if they have no room: then some may be elsewhere
 *	the answer: SRSDOOR_DONE, address; SRSDOOR_REFUSED, words: it cannot be, now or
 *	later; SRSDOOR_TROUBLE, words: perhaps later
 */
#ifndef NET_SRSDOOR_H
#define NET_SRSDOOR_H

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define SRSDOOR_PATH	   "srs/door" /* below HOME */
#define SRSDOOR_RECORD_MAX 65536      /* bytes */

enum srsdoor_letter {
	SRSDOOR_FORWARD = 'F',
	SRSDOOR_PASS_ON =
	    'P', /* the same, if this host rewrites what it forwards to others */
	SRSDOOR_REVERSE = 'R',
	SRSDOOR_DONE = 'y',
	SRSDOOR_REFUSED = 'n',
	SRSDOOR_TROUBLE = 't'
};

/*
 * srsdoor_ask: asks for an address.
 *   home         HOME
 *   letter       one of the first three
 *   recipients   fields, of SRSDOOR_PASS_ON; else empty
 *   result       receives the address, or the words, replaced
 * Returns the letter of the answer; 0: there never was such a service here;
 * SRSDOOR_TROUBLE, too, if it does not answer.
 */
MUST_CHECK int srsdoor_ask(const char *home, enum srsdoor_letter letter,
    struct span address, struct span recipients, struct str *result);

/*
 * srsdoor_sender: the reverse-path of a message that is passed on: that with which
 * it came where it is the empty one, where no other can be made of it, or, with
 * SRSDOOR_PASS_ON, where there is no such service.
 *   letter       SRSDOOR_FORWARD or SRSDOOR_PASS_ON
 *   recipients   as above
 *   result       receives it, replaced; or words, if it cannot be told now
 * Returns 0; -1: later.
 */
MUST_CHECK int srsdoor_sender(const char *home, enum srsdoor_letter letter,
    struct span sender, struct span recipients, struct str *result);

#endif
