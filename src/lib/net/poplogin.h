/*
 * poplogin.h - who wants to come in: what a server writes to descriptor 3 of
 * a checkpassword program.
 *
 *	name NUL password NUL [timestamp NUL [anything]]
 *
 * For APOP the password is the digest of timestamp and password (RFC 1939 7).
 * Pure: includes only base.  Input: hostile.
 */
#ifndef NET_POPLOGIN_H
#define NET_POPLOGIN_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

#define POPLOGIN_MAX 512 /* bytes of all of it, as the interface says */

struct poplogin {
	struct span name, password; /* a NUL follows each */
	struct span timestamp;	    /* may be empty */
};

/*
 * poplogin_parse: takes a login apart; its spans lie in the text.
 * Returns false if name and password do not both end in NUL.
 */
MUST_CHECK bool poplogin_parse(struct span text, struct poplogin *login);

/*
 * poplogin_is_plain: whether the password is this one, or the digest of it; in
 * the same time whether it is or not.
 *   plain   not empty
 */
MUST_CHECK bool
poplogin_is_plain(const struct poplogin *login, struct span plain);

#endif
