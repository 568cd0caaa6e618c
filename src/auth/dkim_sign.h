/*
 * dkim_sign.h - signs a message of ours (RFC 6376): makes the fields DKIM-Signature
 * for the top of it, one with each key of its domain.
 */
#ifndef AUTH_DKIM_SIGN_H
#define AUTH_DKIM_SIGN_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "net/verifydoor.h"

/* Seconds for which a signature is good: longer than mail is on its way. */
#define DKIM_SIGN_LIFETIME (14 * 86400)

struct dkim_sign {
	struct verifydoor_message message; /* hostile */
	struct span sender;		   /* the reverse-path; hostile */
	bool is_resent;			   /* by a list: see below */
	const char *home;		   /* HOME */
};

/*
 * dkim_sign_run: signs.  The domain is that of the author, if it or the nearest one
 * above it has keys; else that of the sender, likewise.  What a list passes on is by
 * that of the sender alone, and not at all if that ends in the same two labels as the
 * author's, or the author cannot be told: readers might take it for the author's.
 *   fields   receives the fields, none if there is no key for it, or qmail-dkimsignd
 *            never was here; else words on why it cannot be signed now; replaced
 * Returns 0; -1.
 */
MUST_CHECK int dkim_sign_run(struct dkim_sign *what, struct str *fields);

#endif
