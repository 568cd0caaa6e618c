/*
 * dkimsignature.h - the field DKIM-Signature (RFC 6376 3.5).  Pure.
 * Input: hostile.
 */
#ifndef MAIL_DKIMSIGNATURE_H
#define MAIL_DKIMSIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "mail/dkimcanon.h"

#define DKIMSIGNATURE_FIELD  "DKIM-Signature"
#define DKIMSIGNATURE_HASH   32	  /* bytes of a SHA-256 */
#define DKIMSIGNATURE_MAX    1024 /* bytes of a signature: RSA of 8192 bits */
#define DKIMSIGNATURE_DOMAIN 253  /* bytes of a domain, or of a selector */
#define DKIMSIGNATURE_START  8	  /* letters of b= that tell it from others */

enum dkim_algorithm {
	DKIM_RSA_SHA256,
	DKIM_RSA_SHA1,
	DKIM_ED25519_SHA256
};

struct dkimsignature {
	/* Views of the field.  Names of hosts, in any letter case and perhaps in
	 * UTF-8; empty if missing or not fit to be one. */
	struct span domain, selector;
	struct span names; /* h=: dkimheader_is_names */
	struct span b;	   /* between b= and the next ; */
	struct span algorithm_word;
	struct str identity; /* i=, any bytes; or @ and the domain */
	enum dkim_algorithm algorithm;
	enum dkim_canon header_canon, body_canon;
	uint64_t
	    limit; /* l=, of DKIMCANON_NO_LIMIT at most, which it is without */
	uint64_t expiry;	/* x=, seconds since 1970; UINT64_MAX: never */
	bool is_subdomain;	/* i= is below d=, not the same */
	struct str hash, bytes; /* what bh= and b= stand for */
	char start[DKIMSIGNATURE_START + 1]; /* of b=: base64, or empty */
};

#define DKIMSIGNATURE_INIT \
	{                  \
		.limit = 0 \
	}

/*
 * dkimsignature_parse: reads a field.
 *   field       all of it, from its name on, lines ended by LF
 *   signature   DKIMSIGNATURE_INIT; receives it; views are good as long as the
 *               field is
 * Returns NULL; words on what is wrong with it, then only domain, selector, start
 * and algorithm_word are good, as far as they could be found, to say whose
 * signature it was.
 */
MUST_CHECK const char *
dkimsignature_parse(struct span field, struct dkimsignature *signature);

/*
 * dkimsignature_add_own: appends what is hashed of the field itself, after the
 * fields that it names (RFC 6376 3.7): its canonical form, without the CR LF at its
 * end, and without what is in b.
 *   b   as dkimsignature_parse finds it; a signer has its field end in "b="
 */
void dkimsignature_add_own(
    struct str *input, enum dkim_canon canon, struct span field, struct span b);

/* dkimsignature_free: releases the memory. */
void dkimsignature_free(struct dkimsignature *signature);

#endif
