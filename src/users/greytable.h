/*
 * greytable.h - a file of fixed size that knows what was seen, and when: the state of
 * qmail-greyd, which no kill and no restart takes away.
 *
 * Keys are hashes with a seed of the file's own, so that a stranger cannot choose which
 * collide.  Where a bucket is full, what is worth least is forgotten: first what has not
 * passed, oldest first.  Written in place and not synced: what a power cut takes is a
 * delay of some letters.
 */
#ifndef USERS_GREYTABLE_H
#define USERS_GREYTABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"

#define GREYTABLE_WAYS	  8
#define GREYTABLE_BUCKETS 32768u /* a power of 2; the file has 6 MiB at most */

struct greytable_entry {
	uint64_t key;	/* 0: free */
	uint32_t first; /* clock_seconds */
	uint32_t last;
	uint32_t count;
	uint32_t has_passed;
};

struct greytable {
	int fd;
	uint64_t seed;
	off_t place; /* of the entry that was looked up last */
};

/*
 * greytable_open: opens the file, makes it anew if it is none, and locks it.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int greytable_open(struct greytable *table, const char *path);

/*
 * greytable_find: looks an entry up.
 *   words   what it is the entry of, in parts
 *   entry   receives it; a new one has only its key
 * Returns 0, -1 with errno.
 */
MUST_CHECK int greytable_find(struct greytable *table, const struct span *words,
    size_t count, struct greytable_entry *entry);

/* greytable_put: writes the entry that was looked up last.  Returns 0, -1 with errno. */
MUST_CHECK int greytable_put(
    const struct greytable *table, const struct greytable_entry *entry);

void greytable_close(struct greytable *table);

#endif
