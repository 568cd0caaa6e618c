/*
 * heap.h - a priority queue of numbers by time, earliest first; entries of
 * the same time come in the order of their numbers.  16 bytes an entry.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

struct heap_entry {
	int64_t when; /* seconds */
	uint64_t number;
};

struct heap {
	VEC(struct heap_entry) entries;
};

#define HEAP_INIT        \
	{                \
		VEC_INIT \
	}

/* heap_add: puts an entry in; no limit on their number but memory. */
void heap_add(struct heap *heap, struct heap_entry entry);

/* heap_first: the earliest entry, still in the heap; NULL if it is empty. */
const struct heap_entry *heap_first(const struct heap *heap);

/* heap_remove_first: drops the earliest entry; there must be one. */
void heap_remove_first(struct heap *heap);

/* heap_has: whether an entry has this number; looks at all of them. */
bool heap_has(const struct heap *heap, uint64_t number);

/* heap_set_all: gives every entry this time. */
void heap_set_all(struct heap *heap, int64_t when);

/*
 * heap_hurry: gives those entries this time whose number is meant, unless they
 * are earlier; looks at all of them.
 */
void heap_hurry(struct heap *heap, int64_t when,
    bool (*is_meant)(const void *context, uint64_t number),
    const void *context);

/* heap_free: releases the memory. */
void heap_free(struct heap *heap);

#endif
