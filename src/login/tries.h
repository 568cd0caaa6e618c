/*
 * tries.h - how often names and passwords were tried: when the next of a client,
 * or for a name, has its turn.
 *
 * Each address, of IPv6 each /64, and each name has a line, with a count of tries
 * that failed or have not ended.  The first ones are free; behind each further one
 * there is a gap before the next begins, twice as long as the one before, up to a
 * limit.  A minute takes one that failed off the count.  Who begins counts at once,
 * so that many connections guess no faster than one; what turns out to be right, or
 * tells nothing, is taken back with its gap, as if it had never been.
 *
 * A name that has been right from an address has a line of its own there, and
 * waits in no other: who guesses from elsewhere, or other names from there, cannot
 * lock its owner out, and who guesses this name from there waits like anybody.
 * Only what fails of it counts for the address.
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
#define TRIES_NAME_GAP	  10000 /* ms, the longest: less than the patience */
#define TRIES_WAIT_MAX	  30000 /* ms; whose turn is later is sent away */
#define TRIES_LINE_MAX	  4	/* who wait, where it is guessed; as long */
#define TRIES_SAVE_MS	  5000	/* so long what is new may be in memory alone */

struct tries_entry {
	uint64_t key;	 /* 0: free */
	int64_t at;	 /* clock_monotonic: when count was right */
	int64_t next;	 /* when the next try may begin */
	unsigned count;	 /* tries that failed, or have not ended */
	unsigned open;	 /* those of them that will be told to have ended */
	unsigned untold; /* of the others, those of which nobody has told */
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
	int64_t save_at; /* of right; clock_monotonic; 0: it is saved */
};

/* The lines of a try, as keys. */
struct tries_lines {
	uint64_t address; /* 0: not counted */
	uint64_t name;	  /* 0: likewise */
	uint64_t both;	  /* the name from this address ... */
	bool is_own;	  /* ... has a line of its own */
};

/*
 * tries_lines: those of a name from an address, as things are.
 *   address   as text; loopback ones are not counted, for the clients of a
 *             webmail server are all there
 */
struct tries_lines
tries_lines(struct tries *tries, struct span address, struct span name);

struct tries_turn {
	int64_t at;	 /* when a try may begin, if all that are open fail */
	int64_t at_best; /* if none of them does */
	bool
	    is_guessed; /* it is not now, and as many have failed as are free */
	bool is_told;	/* and of some it is certain */
};

/* tries_turn_of_address, tries_turn_of_name: when the turn in one of the lines is.  A try
 * has to wait for both.  Nothing is counted.
 *   now       clock_monotonic */
struct tries_turn tries_turn_of_address(
    struct tries *tries, const struct tries_lines *lines, int64_t now);
struct tries_turn tries_turn_of_name(
    struct tries *tries, const struct tries_lines *lines, int64_t now);

/*
 * tries_begin: counts a try that begins now.
 *   is_open   a tries_end will tell its end, whatever that is; else it counts as
 *             one that failed until a tries_end takes it back
 */
void tries_begin(struct tries *tries, const struct tries_lines *lines,
    bool is_open, int64_t now);

enum tries_outcome {
	TRIES_RIGHT,
	TRIES_WRONG,
	TRIES_UNKNOWN, /* nobody could tell; it does not count */
};

/* tries_end: what came of it; lines and is_open as when it began. */
void tries_end(struct tries *tries, const struct tries_lines *lines,
    bool is_open, enum tries_outcome outcome, int64_t now);

/* tries_has_failed: whether tries from the address have, or are not known to be open,
 * which no minute has taken off yet.  Not for a name with a line of its own. */
bool tries_has_failed(
    struct tries *tries, const struct tries_lines *lines, int64_t now);

/*
 * tries_know: a name was right from an address, before a restart.
 *   key   as in the entries of right; the seed is that of then
 *   at    clock_monotonic, perhaps before 0
 */
void tries_know(struct tries *tries, uint64_t key, int64_t at);

/* tries_of_address: a number that addresses share which count as one. */
uint64_t tries_of_address(const struct tries *tries, struct span address);

#endif
