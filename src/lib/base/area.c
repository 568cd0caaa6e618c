/*
 * area.c - memory from a static area first: a small program never asks the
 * kernel for memory, which saves it four system calls.
 *
 * It takes the place of memory.c in the programs named SMALL in the Makefile,
 * and is no part of the library: everywhere else tools that watch the heap see
 * every block.
 *
 * Blocks lie one behind the other, each with its size in front.  Only the last
 * one can grow or be taken back; the others stay.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#define AREA_SIZE 65536 /* what is never touched costs nothing */

union area_unit {
	size_t size; /* of the block that follows, in units */
	max_align_t align;
};

#define AREA_UNITS (AREA_SIZE / sizeof(union area_unit))

static union area_unit area[AREA_UNITS + 1];
static size_t area_used; /* units */
static size_t area_last; /* the header of the last block */

static bool
is_in_area(const void *memory)
{
	const union area_unit *unit = memory;

	return unit > area && unit <= area + AREA_UNITS;
}

static size_t
units_for(size_t size)
{
	return (size + sizeof(union area_unit) - 1) / sizeof(union area_unit);
}

/* A new block in the area; NULL if there is no place. */
static void *
area_take(size_t size)
{
	if (size > AREA_SIZE || area_used + 1 + units_for(size) > AREA_UNITS)
		return NULL;
	area_last = area_used;
	area[area_last].size = units_for(size);
	area_used += 1 + units_for(size);
	return &area[area_last + 1];
}

/* Lets a block of the area grow, in place if it is the last. */
static void *
area_realloc(void *old, size_t size)
{
	union area_unit *header = (union area_unit *)old - 1;
	void *fresh;

	if (units_for(size) <= header->size)
		return old;
	if (header == &area[area_last] &&
	    size <= (AREA_UNITS - area_last - 1) * sizeof(*header)) {
		header->size = units_for(size);
		area_used = area_last + 1 + header->size;
		return old;
	}
	if (!(fresh = area_take(size)))
		fresh = must_heap_realloc(NULL, size);
	memcpy(fresh, old, header->size * sizeof(*header));
	return fresh;
}

void *
must_realloc(void *old, size_t size)
{
	void *fresh = NULL;

	must(size > 0);
	if (is_in_area(old))
		return area_realloc(old, size);
	if (!old)
		fresh = area_take(size);
	return fresh ? fresh : must_heap_realloc(old, size);
}

void
must_free(void *memory)
{
	if (!is_in_area(memory))
		free(memory);
	else if (memory == &area[area_last + 1])
		area_used = area_last;
}
