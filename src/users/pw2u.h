/*
 * pw2u.h - assignments for the accounts of a machine.  Input: trusted.
 * Source: qmail-pw2u(8), qmail-users(5).
 */
#ifndef USERS_PW2U_H
#define USERS_PW2U_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/wordset.h"

/* What is asked of a home folder. */
enum pw2u_homes {
	PW2U_SKIP_MISSING, /* an account without one, or with somebody else's,
			    * gets no mail */
	PW2U_STOP_AT_MISSING, /* there has to be one; somebody else's as above */
	PW2U_ANY_HOME	      /* it is not looked at */
};

struct pw2u {
	enum pw2u_homes homes;
	bool takes_capitals; /* in names of accounts */
	bool has_slash;	     /* extensions are files below .qmail-/ */
	char mark; /* between a name and an extension; NUL: there are none */

	/* Without regard to case. */
	struct wordset include, exclude;
	bool has_include;
	struct wordset mail_names; /* what accounts are called: "a:b" */
	struct str subusers;	   /* lines NAME:ACCOUNT:PREFIX: */

	struct str written;	 /* the result */
	struct wordset accounts; /* "ACCOUNT:UID:GID:HOME" of those in it */
	bool has_alias;
	struct str culprit; /* what a fault is about */
};

/*
 * pw2u_make: appends the assignments of all accounts and subusers.
 *   accounts   lines as of passwd(5)
 * Returns NULL, or why it cannot be, as half a sentence about the culprit.
 */
MUST_CHECK const char *pw2u_make(struct pw2u *pw2u, struct span accounts);

#endif
