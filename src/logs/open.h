/*
 * open.h - what matchup remembers: messages and deliveries that have not ended,
 * by their numbers.
 */
#ifndef LOGS_OPEN_H
#define LOGS_OPEN_H

#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"

/* A message, or a delivery.  Texts of one that has ended serve the next. */
struct open_entry {
	uint64_t number;
	uint64_t came; /* entries that came before it */
	size_t next;   /* index + 1 of the next in its bucket, 0 at the end; of
			  one that has ended, of the next of these */
	struct str stamp;
	struct str who; /* the sender, or channel.recipient, in small letters */
	uint64_t message;	 /* of a delivery */
	uint64_t bytes, qp, uid; /* of a message, as the next */
	uint64_t successes, failures, deferrals;
};

struct open {
	VEC(struct open_entry) entries;
	VEC(size_t) buckets; /* index + 1 of the newest; a power of 2 */
	size_t free;  /* index + 1 of the first that has ended; 0: none */
	size_t count; /* that have not */
	uint64_t came, seed;
};

/* open_init: none yet. */
void open_init(struct open *open);

/* open_find: the entry with a number, or NULL; good until the next is added. */
struct open_entry *open_find(const struct open *open, uint64_t number);

/* open_add: a new entry; one of the same number that was there is gone. */
struct open_entry *open_add(struct open *open, uint64_t number);

/* open_end: forgets an entry, if it is there; open_end_all: all of them. */
void open_end(struct open *open, uint64_t number);
void open_end_all(struct open *open);

/*
 * open_in_order: those that have not ended, in the order in which they came.
 *   found   receives them; to be released with vec_free
 */
struct open_list {
	VEC(const struct open_entry *) found;
};
void open_in_order(const struct open *open, struct open_list *list);

/* open_free: releases the memory. */
void open_free(struct open *open);

#endif
