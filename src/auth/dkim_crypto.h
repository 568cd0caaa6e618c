/*
 * dkim_crypto.h - the part of this room that knows OpenSSL: SHA-256, and whether a
 * key has signed a hash.
 */
#ifndef AUTH_DKIM_CRYPTO_H
#define AUTH_DKIM_CRYPTO_H

#include "base/span.h"
#include "mail/dkimkey.h"
#include "mail/dkimsignature.h"

#define DKIM_RSA_LEAST 1024 /* bits of a key, RFC 8301 3.2 */
#define DKIM_RSA_MOST  4096 /* longer ones cost too much time */

/* A SHA-256 that is being made. */
struct dkim_hash;

/* dkim_hash_new: begins one.  NULL: OpenSSL cannot. */
struct dkim_hash *dkim_hash_new(void);

/* dkim_hash_add: adds bytes.  NULL is left alone, here and below. */
void dkim_hash_add(struct dkim_hash *hash, struct span bytes);

/*
 * dkim_hash_end: ends it, and releases it.
 *   result   receives it
 * Returns false if there is none: OpenSSL could not.
 */
MUST_CHECK bool
dkim_hash_end(struct dkim_hash *hash, unsigned char result[DKIMSIGNATURE_HASH]);

/* dkim_hash_free: releases one that is not wanted any more. */
void dkim_hash_free(struct dkim_hash *hash);

enum dkim_judgement {
	DKIM_GOOD,	/* the key has signed this */
	DKIM_BAD,	/* it has not */
	DKIM_NO_KEY,	/* the bytes are no key of that type */
	DKIM_SHORT_KEY, /* RSA with less than DKIM_RSA_LEAST bits */
	DKIM_LONG_KEY,	/* RSA with more than DKIM_RSA_MOST */
	DKIM_UNKNOWN	/* OpenSSL could not tell */
};

/*
 * dkim_judge: whether a key has signed a hash.
 *   signature   the bytes of b=
 * Source: RFC 6376 3.3, RFC 8463 3.
 */
enum dkim_judgement dkim_judge(const struct dkimkey *key,
    const unsigned char hash[DKIMSIGNATURE_HASH], struct span signature);

/* dkim_crypto_prepare: does all that once, with keys that nobody has, so that what
 * OpenSSL makes ready at its first use is there for all processes that are forked
 * from this one.  That it fails matters to nobody. */
void dkim_crypto_prepare(void);

#endif
