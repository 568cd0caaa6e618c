/*
 * rows.h - what a report counts, a row for each key: a recipient, a reason ...
 * Input: hostile (keys)
 */
#ifndef LOGS_ROWS_H
#define LOGS_ROWS_H

#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

/* What strangers make up takes no more memory than this: keys that come behind
 * so many share one row. */
#define ROWS_MAX       4000000	    /* rows */
#define ROWS_BYTES_MAX (512u << 20) /* bytes of keys */
#define ROWS_OTHERS    "(others)"

struct row {
	size_t key_at, key_len;
	uint64_t hash;
	size_t next; /* index + 1 of the next in the bucket, 0 at its end */
	uint64_t messages, bytes, successful_bytes, recipient_bytes;
	uint64_t recipients, tries;
	double xdelay;
	uint64_t successes, failures, deferrals; /* of qmail-report */
};

struct rows {
	struct str keys;
	VEC(struct row) rows; /* in the order in which they came */
	VEC(size_t) buckets;  /* index + 1 of the newest; a power of 2 */
	size_t rows_max, bytes_max;
	uint64_t factor; /* secret, so that nobody can choose keys that
				 collide; odd */
};

/* rows_init: none yet; with the limits above. */
void rows_init(struct rows *rows);

/* rows_at: the row of a key; a new one has zeros.  Good until the next call. */
struct row *rows_at(struct rows *rows, struct span key);

/* rows_key: the key of a row. */
struct span rows_key(const struct rows *rows, const struct row *row);

/* rows_free: releases the memory. */
void rows_free(struct rows *rows);

#endif
