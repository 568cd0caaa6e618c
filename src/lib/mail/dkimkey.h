/*
 * dkimkey.h - the record of a key of DKIM in the DNS (RFC 6376 3.6.1, RFC 8463).
 * Pure.
 * Input: hostile.
 */
#ifndef MAIL_DKIMKEY_H
#define MAIL_DKIMKEY_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "mail/dkimsignature.h"

#define DKIMKEY_MAX 8192 /* bytes of a record; RSA of 4096 bits has 800 */

enum dkimkey_type {
	DKIMKEY_RSA,
	DKIMKEY_ED25519
};

struct dkimkey {
	enum dkimkey_type type;
	struct str bytes; /* RSA: DER; Ed25519: the key itself */
	bool is_testing;  /* t=y: a failure means no more than no signature */
	bool is_exact;	  /* t=s: no identities below the domain */
};

#define DKIMKEY_INIT                                \
	{                                           \
		DKIMKEY_RSA, STR_INIT, false, false \
	}

/*
 * dkimkey_parse: reads a record: the strings of it, joined.
 *   key   DKIMKEY_INIT; receives it
 * Returns NULL; words on why it is of no use for SHA-256 and mail: it is no record of
 * a key, revoked, or meant for other things.
 */
MUST_CHECK const char *dkimkey_parse(struct span record, struct dkimkey *key);

/* dkimkey_fits: whether a key may have made such a signature.  Returns NULL; words
 * on why not. */
MUST_CHECK const char *
dkimkey_fits(const struct dkimkey *key, const struct dkimsignature *signature);

/* dkimkey_free: releases the memory. */
void dkimkey_free(struct dkimkey *key);

#endif
