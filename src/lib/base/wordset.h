/*
 * wordset.h - words to find without regard to ASCII case, each with a value:
 * host names of rcpthosts, locals, virtualdomains, badmailfrom, smtproutes.
 * Lookup is one hash; the hash is seeded by the caller, so that a stranger
 * cannot choose words that collide.
 */
#ifndef BASE_WORDSET_H
#define BASE_WORDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

struct wordset_entry {
	size_t at, key_len, value_len; /* in bytes; the value follows the key */
	uint64_t hash;
	size_t next; /* index + 1 of the next in the bucket, 0 at its end */
};

struct wordset {
	struct str bytes;
	VEC(struct wordset_entry) entries;
	VEC(size_t) buckets; /* index + 1 of the newest entry; a power of 2 */
	size_t longest;	     /* bytes of the longest word */
	uint64_t seed;
};

#define WORDSET_INIT                               \
	{                                          \
		STR_INIT, VEC_INIT, VEC_INIT, 0, 0 \
	}

/*
 * wordset_add: adds a word and its value (often empty), both copied.
 * Of equal words the one added last is found.
 */
void wordset_add(struct wordset *set, struct span word, struct span value);

/*
 * wordset_find: looks a word up, ignoring ASCII case.
 *   value   receives a view of its value; may be NULL
 * Returns whether it is there.  A word that is longer than all costs nothing:
 * who looks up each end of a stranger's name reads no end that cannot be there.
 */
bool
wordset_find(const struct wordset *set, struct span word, struct span *value);

/* wordset_has_exactly: whether this very word was added, letter case included. */
bool wordset_has_exactly(const struct wordset *set, struct span word);

/* wordset_hash: the hash of a word, whatever its letter case. */
uint64_t wordset_hash(uint64_t seed, struct span word);

/* wordset_is_empty: whether no word was added. */
bool wordset_is_empty(const struct wordset *set);

/* wordset_free: releases the memory; the set is then empty. */
void wordset_free(struct wordset *set);

#endif
