/*
 * tries.h - how often names and passwords were tried: when the next of a client,
 * or for a name, has its turn.
 *
 * Each address, of IPv6 each /64, and each name has a count of tries that failed
 * or have not ended.  The first ones are free; behind each further one there is
 * a gap before the next begins, twice as long as the one before, up to a limit.
 * A minute takes one off the count.  Tries that are made at once stand in line
 * one gap behind the other, so that many connections guess no faster than one.
 *
 * A name that has been right from an address has a line of its own there: who
 * guesses from elsewhere, or other names from there, cannot lock its owner out,
 * and who guesses this name from there waits like anybody.
 *
 * Memory is bounded: where there is no place, who was tried least is forgotten.
 * Pure but for the seed: the caller says what time it is.
 * Input: addresses and names are hostile
 */
#ifndef LOGIN_TRIES_H
#define LOGIN_TRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define TRIES_WAYS	  8
#define TRIES_SETS	  1024	/* a power of 2 */
#define TRIES_FREE	  5	/* of a name, without control/freelogins */
#define TRIES_FORGET_MS	  60000 /* takes one try off */
#define TRIES_ADDRESS_GAP 60000 /* ms, the longest */
#define TRIES_NAME_GAP	  30000 /* ms, the longest */
#define TRIES_WAIT_MAX	  30000 /* ms; whose turn is later is sent away */

struct tries_entry {
	uint64_t key;	/* 0: free */
	int64_t at;	/* clock_monotonic: when count was right */
	int64_t next;	/* when the next try may begin */
	unsigned count; /* tries that failed, or have not ended */
};

struct tries_table {
	struct tries_entry entries[TRIES_SETS][TRIES_WAYS];
};

struct tries {
	uint64_t seed; /* of the keys; chosen by the caller */
	uint64_t free; /* tries of a name that need not wait; an address
				 has twice as many; 0: nobody ever waits */
	struct tries_table failed;
	struct tries_table right; /* names from addresses, each with its line */
};

/*
 * tries_begin: takes a place in the line.
 *   address   as text; loopback ones are not counted, for the clients of a
 *             webmail server are all there
 *   now       clock_monotonic
 * Returns when the try may begin; else one of these, and nothing was counted.
 * What begins has to come to a tries_end.
 */
#define TRIES_OF_ADDRESS (-1) /* were too many */
#define TRIES_OF_NAME	 (-2) /* likewise; the client need not have made them */

int64_t tries_begin(
    struct tries *tries, struct span address, struct span name, int64_t now);

enum tries_outcome {
	TRIES_RIGHT,
	TRIES_WRONG,
	TRIES_UNKNOWN, /* nobody could tell; it does not count */
};

/* tries_end: what came of it. */
void tries_end(struct tries *tries, struct span address, struct span name,
    enum tries_outcome outcome, int64_t now);

/* tries_of_address: a number that addresses share which count as one. */
uint64_t tries_of_address(const struct tries *tries, struct span address);

#endif
