/* dkim_keys.h - the keys with which mail of a domain is signed, and signatures by
 * OpenSSL. */
#ifndef KEYS_DKIM_KEYS_H
#define KEYS_DKIM_KEYS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define DKIM_KEYS_MOST	8    /* of a domain */
#define DKIM_KEY_FILE	8192 /* bytes; RSA of 4096 bits has 3300 */
#define DKIM_KEY_HASH	32   /* bytes of what is signed */
#define DKIM_BITS_LEAST 1024 /* of RSA (RFC 8301 3.2) ... */
#define DKIM_BITS_MOST	4096 /* ... and what others have to verify */

struct dkim_key {
	struct str selector;
	const char *algorithm; /* a word of a= */
	void *key;	       /* OpenSSL's */
};

struct dkim_keys {
	VEC(struct dkim_key) all; /* in the order of their selectors */
	struct str wrong;	  /* which file is of no use, and why */
};

#define DKIM_KEYS_INIT             \
	{                          \
		VEC_INIT, STR_INIT \
	}

/*
 * dkim_keys_read: reads control/dkim/DOMAIN/SELECTOR.pem: private keys in PEM, RSA or
 * Ed25519.  Other names are passed over.
 *   domain   any bytes; what can be no domain has no keys
 *   keys     receives them, replaced
 * Returns 0, also when there are none; -1, then keys->wrong says why.
 */
MUST_CHECK int dkim_keys_read(struct span domain, struct dkim_keys *keys);

/* dkim_keys_is_name: whether it can be a domain here, or a selector: the name of a
 * host in small letters, so that none is a path. */
bool dkim_keys_is_name(struct span text);

/* dkim_keys_find: the key with this selector; NULL: none. */
const struct dkim_key *
dkim_keys_find(const struct dkim_keys *keys, struct span selector);

/*
 * dkim_key_sign: signs a hash (RFC 6376 3.3, RFC 8463 3).
 *   signature   receives it, replaced
 * Returns false: OpenSSL cannot.
 */
MUST_CHECK bool dkim_key_sign(const struct dkim_key *key,
    const unsigned char hash[DKIM_KEY_HASH], struct str *signature);

/* dkim_keys_prepare: reads a key and signs, once of each kind, with keys that nobody
 * has, so that what OpenSSL makes ready at its first use is there for all processes
 * that are forked from this one.  That it fails matters to nobody. */
void dkim_keys_prepare(void);

/* dkim_keys_free: releases the memory; OpenSSL wipes what is secret. */
void dkim_keys_free(struct dkim_keys *keys);

#endif
