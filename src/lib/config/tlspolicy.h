/*
 * tlspolicy.h - control/tlspolicy: what TLS with the hosts of a domain has to be
 * like.  Lines "domain:policy"; domains as in routes.h.  The policies:
 *
 *	none            clear text
 *	may             TLS where it is offered, and else clear text
 *	encrypt         TLS, with whomever
 *	verify [NAME...]  TLS with a host that an authority has certified for one
 *	                of the names; a name that begins with a dot stands for
 *	                all below it
 *	fingerprint HEX...  TLS with a host whose certificate, or the public key
 *	                in it, has one of these SHA-256 digests
 *
 * Input: trusted.  Source: qmail-control(5).
 */
#ifndef CONFIG_TLSPOLICY_H
#define CONFIG_TLSPOLICY_H

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define TLSPOLICY_FILE	 "control/tlspolicy"
#define TLSPOLICY_DIGITS 64 /* of a SHA-256 */

enum tlspolicy_kind {
	TLSPOLICY_NONE,
	TLSPOLICY_MAY,
	TLSPOLICY_ENCRYPT,
	TLSPOLICY_VERIFY,
	TLSPOLICY_FINGERPRINT
};

struct tlspolicy {
	enum tlspolicy_kind kind;
	VEC(struct span) values; /* names, or digests as 64 digits */
	struct str text;	 /* what they point into */
};

#define TLSPOLICY_INIT                            \
	{                                         \
		TLSPOLICY_MAY, VEC_INIT, STR_INIT \
	}

/*
 * tlspolicy_parse: takes what the file has for a domain apart.
 *   policy   as after TLSPOLICY_INIT
 * Returns 0; -1 with EINVAL if it has another form.
 */
MUST_CHECK int tlspolicy_parse(struct span text, struct tlspolicy *policy);

/* tlspolicy_free: releases the memory. */
void tlspolicy_free(struct tlspolicy *policy);

#endif
