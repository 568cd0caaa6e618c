/*
 * sends.h - how much mail each user has sent in the hour that began with the
 * first of it.  A small file keeps that over a restart:
 *
 *	START MESSAGES RECIPIENTS NAME
 *
 * Input: names are those of users who have logged in; the file is our own
 */
#ifndef LOGIN_SENDS_H
#define LOGIN_SENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define SENDS_MAX     10000 /* users; then who began first is forgotten */
#define SENDS_HOUR    3600  /* seconds */
#define SENDS_SAVE_MS 5000  /* so long what is new may be in memory alone */

struct sends_entry {
	struct str name;
	int64_t start; /* clock_seconds */
	uint64_t messages, recipients;
};

struct sends {
	uint64_t messages, recipients; /* in an hour at most; 0: no limit */
	VEC(struct sends_entry) all;
	int64_t save_at; /* clock_monotonic; 0: the file says the same */
};

/*
 * sends_count: counts a message, unless it would be too many.
 *   now   clock_seconds
 * Returns whether it may be sent.
 */
bool sends_count(
    struct sends *sends, struct span name, uint64_t recipients, int64_t now);

/* sends_load: takes over what a file says, as far as it can be understood.
 * Returns 0, also without a file; -1 with errno. */
MUST_CHECK int sends_load(struct sends *sends, const char *path, int64_t now);

/* sends_save: replaces the file.  Returns 0, -1 with errno. */
MUST_CHECK int sends_save(struct sends *sends, const char *path);

void sends_free(struct sends *sends);

#endif
