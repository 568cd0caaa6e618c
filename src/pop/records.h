/*
 * records.h - the names of very many messages in little memory; for maildrop.c.
 *
 * Names lie one behind the other in chunks, each as a record: flags, perhaps
 * octets, and the name without the host, which most of them share:
 *
 *	1700000000.M1P2Q3.mail.example.org,S=1000,W=1030:2,S
 *	                  ^--------------^
 */
#ifndef POP_RECORDS_H
#define POP_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define RECORDS_HOSTS_MAX 31 /* that are shared; others stay in the name */

struct records {
	VEC(char *) chunks;
	size_t chunk_len;      /* bytes used of the last */
	size_t chunk_size;     /* ... and its size so far */
	VEC(size_t) hosts;     /* where they begin in host_bytes */
	struct str host_bytes; /* each ends in NUL */
	struct str name;       /* the one that was asked for last */
};

struct maildrop_message {
	struct span name; /* of the file */
	bool is_new;	  /* in new, else in cur */
	bool is_deleted;
	uint64_t octets;
};

/*
 * records_add: adds a message; octets beyond 2^48 are cut to that.
 *   place   receives where it is
 * Returns 0; -1 with ENOMEM if it is one too many: 4 GiB of names are enough.
 */
MUST_CHECK int records_add(struct records *records,
    const struct maildrop_message *message, uint32_t *place);

/* records_get: the message at a place; its name is good until the next call. */
void records_get(
    struct records *records, uint32_t place, struct maildrop_message *message);

/* records_mark: whether the message at a place is deleted. */
void records_mark(struct records *records, uint32_t place, bool is_deleted);

/* records_compare: an order of two names: negative, 0, positive, as memcmp(3);
 * numbers in them by their value.  What the host does not share comes first:
 * the moment of arrival, with its microseconds. */
int
records_compare(const struct records *records, uint32_t one, uint32_t other);

/* records_compare_bases: another order, of what stands before the colon; 0 if
 * that is the same in both. */
int records_compare_bases(
    const struct records *records, uint32_t one, uint32_t other);

#endif
