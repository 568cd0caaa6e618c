/*
 * dkim_sign.h - signs a message of ours (RFC 6376): makes the fields DKIM-Signature
 * for the top of it, one with each key of its domain.
 */
#ifndef AUTH_DKIM_SIGN_H
#define AUTH_DKIM_SIGN_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

/* Seconds for which a signature is good: longer than mail is on its way. */
#define DKIM_SIGN_LIFETIME (14 * 86400)

struct dkim_sign {
	int message;	    /* read from where it is to its end; hostile */
	int door;	    /* of qmail-dkimsignd: dkimdoor_open */
	struct span sender; /* the reverse-path; hostile */
	int64_t now;	    /* seconds since 1970 */
};

/*
 * dkim_sign_run: signs.  The domain is that of the author, if it or the nearest one
 * above it has keys; else that of the sender, likewise.
 *   fields   receives the fields, none if there is no key for it; else words on why
 *            it cannot be signed now; replaced
 * Returns 0; -1.
 */
MUST_CHECK int dkim_sign_run(const struct dkim_sign *what, struct str *fields);

#endif
