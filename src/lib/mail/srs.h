/*
 * srs.h - addresses of the Sender Rewriting Scheme: the reverse-path of a message
 * that is forwarded, at a domain whose SPF record names the host that forwards it.
 *
 *	SRS0=HHHH=TT=domain=local@us    of local@domain
 *	SRS1=HHHH=first=REST@us         of SRS0REST@first: who forwarded before us,
 *	                                so that a bounce skips all between
 *
 * HHHH begins the base64 of a hash over what follows, by a secret; TT is the day.
 * Whoever knows no secret can make no address, so nobody can have bounces sent where
 * he likes.  Case does not count: some hosts change it.
 *
 * Pure; the hash, HMAC-SHA1, is the caller's.  Input: hostile.
 * Source: no RFC; compatible with postsrsd 1.10 and Mail::SRS 0.31.
 */
#ifndef MAIL_SRS_H
#define MAIL_SRS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define SRS_DIGEST	20 /* bytes of a hash */
#define SRS_HASH_LEAST	4  /* letters of it, of which each has six bits */
#define SRS_HASH_MOST	26
#define SRS_AGE_DEFAULT 21   /* days */
#define SRS_AGE_MOST	1000 /* the day comes again after 1024 */

struct srs {
	struct span domain; /* of addresses that are made; not empty */
	char separator;	    /* behind SRS0 and SRS1: =, + or - */
	unsigned
	    hash_length; /* letters that are written; all that come are looked at */
	unsigned age; /* days for which an address is good */
	uint64_t day; /* since 1970 */
	/*
	 * hash: the digest of a text with one of the secrets: 0 is the one that signs,
	 * those from 1 on were used before.
	 * Returns false: there is no such secret.
	 */
	bool (*hash)(void *context, unsigned secret, struct span text,
	    unsigned char digest[SRS_DIGEST]);
	void *context;
};

enum srs_result {
	SRS_DONE,
	SRS_NO_DOMAIN,	/* forward: the address has none */
	SRS_TOO_LONG,	/* forward: over ADDRESS_MAX */
	SRS_NO_SECRET,	/* there is not one */
	SRS_NOT_SRS,	/* reverse: it is no such address, or malformed */
	SRS_WRONG_HASH, /* reverse: nobody here has made it */
	SRS_TOO_OLD	/* reverse; or of days to come */
};

/*
 * srs_forward: the reverse-path for a message that is passed on.
 *   address   that with which it came; not empty
 *   result    receives the new one, replaced: the same, if its domain is ours
 */
MUST_CHECK enum srs_result
srs_forward(const struct srs *srs, struct span address, struct str *result);

/*
 * srs_reverse: where mail to such an address goes.
 *   address   at any domain: whose it is the caller has looked
 *   result    receives it, replaced
 */
MUST_CHECK enum srs_result
srs_reverse(const struct srs *srs, struct span address, struct str *result);

/* srs_words: what a result means, for people; "" of SRS_DONE. */
const char *srs_words(enum srs_result result);

#endif
