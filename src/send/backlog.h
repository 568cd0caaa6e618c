/*
 * backlog.h - messages in line, 16 bytes each.  The newest goes first, but each
 * eighth time the oldest, so that none is left for ever.
 */
#ifndef SEND_BACKLOG_H
#define SEND_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

#define BACKLOG_OLDEST_EACH 8
#define BACKLOG_LOOK	    1024

#define BACKLOG_TO_END UINT32_MAX /* up to the last recipient */

struct backlog_entry {
	uint64_t number;
	/* Positions in its channel file: who is before or behind these is not
	 * meant. */
	uint32_t first, last;
};

struct backlog {
	VEC(struct backlog_entry)
	entries; /* from `first` on, the newest last */
	size_t first;
	unsigned turn;
};

/* backlog_entry: makes one; positions that do not fit mean all recipients. */
struct backlog_entry
backlog_entry(uint64_t number, uint64_t first, uint64_t last);

/* backlog_add: adds a message as the newest, unless it is that already: then
 * as backlog_widen. */
void backlog_add(struct backlog *backlog, struct backlog_entry entry);

/* backlog_is_empty: whether nobody is in line. */
bool backlog_is_empty(const struct backlog *backlog);

/* backlog_has: whether a message is in line; looks at all of them. */
bool backlog_has(const struct backlog *backlog, uint64_t number);

/*
 * backlog_widen: if the message is among the newest BACKLOG_LOOK, the recipients
 * of both entries are meant, and who is between them.  Returns false if not.
 */
bool backlog_widen(struct backlog *backlog, struct backlog_entry entry);

/* backlog_take_newest: takes the newest out if it is this message, from this
 * position on.  Returns false if not. */
bool backlog_take_newest(struct backlog *backlog, uint64_t number,
    uint64_t first, struct backlog_entry *entry);

/* backlog_take: takes out what comes next; there must be one. */
struct backlog_entry backlog_take(struct backlog *backlog);

/* backlog_take_oldest: takes the oldest out; there must be one. */
struct backlog_entry backlog_take_oldest(struct backlog *backlog);

/* backlog_keep: takes all out but those that are kept. */
void backlog_keep(struct backlog *backlog,
    bool (*is_kept)(void *context, uint64_t number), void *context);

/* backlog_free: releases the memory. */
void backlog_free(struct backlog *backlog);

#endif
