/*
 * greytable.h - a file of fixed size that knows what was seen, and when: the state of
 * qmail-greyd, which no kill and no restart takes away.
 *
 * Keys are hashes with a seed of the file's own, so that a stranger cannot choose which
 * collide.  Entries are in buckets, and where one is full the oldest entry is forgotten;
 * where entries have an origin, those of a network share a bucket, and one is forgotten
 * of that client which has the most, in that network which has the most, by chance: so
 * who fills it takes the place of his own.  Written in place and not synced: what a power
 * cut takes is a delay of some letters.
 */
#ifndef USERS_GREYTABLE_H
#define USERS_GREYTABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"

#define GREYTABLE_ENTRIES 262144u /* of a file, which has 10 MiB at most */
#define GREYTABLE_FEW	  8u	  /* entries of a bucket */
#define GREYTABLE_MANY	  512u	  /* where they have an origin */

struct greytable_entry {
	uint64_t key; /* 0: free */
	uint64_t network, client;
	uint32_t first; /* clock_seconds; 0: it is new */
	uint32_t last;	/* likewise */
	uint32_t count;
	uint32_t unused;
};

/* Where an entry comes from. */
struct greytable_origin {
	struct span network, client;
};

struct greytable {
	int fd;
	unsigned ways; /* entries of a bucket */
	uint64_t seed;
	off_t place; /* of the entry that was looked up last */
};

/*
 * greytable_open: opens the file, makes it anew if it is none, and locks it.
 *   ways   GREYTABLE_FEW or GREYTABLE_MANY, for a file always the same
 * Returns 0, -1 with errno.
 */
MUST_CHECK int
greytable_open(struct greytable *table, const char *path, unsigned ways);

/*
 * greytable_find: looks an entry up.
 *   words    what it is the entry of, in parts
 *   origin   or NULL: it has none
 *   entry    receives it; a new one has only its key and its origin
 * Returns 0, -1 with errno.
 */
MUST_CHECK int
greytable_find(struct greytable *table, const struct span *words, size_t count,
    const struct greytable_origin *origin, struct greytable_entry *entry);

/* greytable_put: writes the entry that was looked up last, or one without a key, so that
 * its place is free.  Returns 0, -1 with errno. */
MUST_CHECK int greytable_put(
    const struct greytable *table, const struct greytable_entry *entry);

void greytable_close(struct greytable *table);

#endif
