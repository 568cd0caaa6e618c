/*
 * forwarddata.h - what the databases of fastforward and its binary lists hold.
 *
 * A database has for each target a record whose key is a colon and the target
 * in small letters, and whose value are commands; and for a target with an
 * owner one whose key is a question mark and the target, and whose value is
 * the address of the owner.  Commands end in NUL each:
 *
 *	&ADDRESS    the message goes there
 *	/F, ./F     the binary list in this file
 *	|PROGRAM    is given the message
 *	!PROGRAM    the same, by way of preline
 *
 * A binary list is made of the first two.
 * Source: setforward(1), setmaillist(1).  Input: trusted, damage expected
 */
#ifndef MAIL_FORWARDDATA_H
#define MAIL_FORWARDDATA_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

enum forwarddata_key {
	FORWARDDATA_TARGET = ':',
	FORWARDDATA_OWNER = '?'
};

#define FORWARDDATA_ADDRESS '&'

/* forwarddata_add_key: appends the key of a target. */
void forwarddata_add_key(
    struct str *text, enum forwarddata_key kind, struct span target);

/*
 * forwarddata_next: takes the next command off.
 * Returns 1; 0 at the end; -1 if it is cut off.
 */
MUST_CHECK int forwarddata_next(struct span *rest, struct span *command);

/* forwarddata_add_list: appends the command for the list that newinclude made
 * of a file: its name with .bin behind it, and ./ in front if need be. */
void forwarddata_add_list(struct str *text, struct span name);

/* forwarddata_is_list: whether it names a list, by an absolute path or one that
 * begins with a dot. */
bool forwarddata_is_list(struct span command);

/* forwarddata_is_program: whether it is a program. */
bool forwarddata_is_program(struct span command);

/* forwarddata_is_nothing: whether it is a program of blanks, which the shell
 * would run with success, and nobody had got the mail. */
bool forwarddata_is_nothing(struct span command);

#endif
