/*
 * dkimdoor.h - how who signs messages has hashes signed by qmail-dkimsignd, which
 * alone knows the keys: records over a door (sys/door.h), one back for each.
 *
 *	K, domain             which keys has it?
 *	k, {selector, word}   these: of the algorithm that a= names; perhaps none
 *	S, selector, hash     sign this with one of those: the hash is raw bytes
 *	s, signature          raw bytes
 *	t, words              neither: it cannot be, now
 * Domain, selector, word and words each end in NUL.
 */
#ifndef NET_DKIMDOOR_H
#define NET_DKIMDOOR_H

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define DKIMDOOR_PATH	    "dkim/door" /* below HOME */
#define DKIMDOOR_RECORD_MAX 4096	/* bytes */
#define DKIMDOOR_HASH	    32		/* bytes: SHA-256 */

enum dkimdoor_letter {
	DKIMDOOR_KEYS = 'K',
	DKIMDOOR_THESE = 'k',
	DKIMDOOR_SIGN = 'S',
	DKIMDOOR_SIGNATURE = 's',
	DKIMDOOR_TROUBLE = 't'
};

/*
 * dkimdoor_open: goes to the door.
 *   home   HOME
 * Returns a descriptor; -1 with errno, ENOENT: there never was such a service here.
 */
MUST_CHECK int dkimdoor_open(const char *home);

/*
 * dkimdoor_keys: asks for the keys of a domain, which those that are asked for next
 * are of.
 *   keys   receives pairs of selector and word, each ended by NUL; replaced
 * dkimdoor_sign: has a hash signed.
 *   signature   receives it; replaced
 * Return 0; -1: it cannot be now, and what would have been received are words on why,
 * or nothing, and errno tells.
 */
MUST_CHECK int dkimdoor_keys(int door, struct span domain, struct str *keys);
MUST_CHECK int dkimdoor_sign(int door, struct span selector,
    const unsigned char hash[DKIMDOOR_HASH], struct str *signature);

/*
 * dkimdoor_parse: takes a question apart.
 *   name   receives the domain, or the selector; in the record
 *   hash   receives the hash; with DKIMDOOR_KEYS, an empty span
 * Returns its letter; 0: it is none.
 */
int dkimdoor_parse(struct span record, struct span *name, struct span *hash);

#endif
