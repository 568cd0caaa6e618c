/* backlog.c - messages in line. */
#include "backlog.h"

#include <string.h>

#include "base/must.h"

#define SHIFT_FROM 1024 /* places that are free at the start */

struct backlog_entry
backlog_entry(uint64_t number, uint64_t first, uint64_t last)
{
	struct backlog_entry entry = { number, 0, BACKLOG_TO_END };

	if (first <= UINT32_MAX)
		entry.first = (uint32_t)first;
	if (last <= UINT32_MAX)
		entry.last = (uint32_t)last;
	return entry;
}

/* Both are meant. */
static void
widen(struct backlog_entry *at, struct backlog_entry entry)
{
	if (entry.first < at->first)
		at->first = entry.first;
	if (entry.last > at->last)
		at->last = entry.last;
}

void
backlog_add(struct backlog *backlog, struct backlog_entry entry)
{
	struct backlog_entry *newest = backlog_is_empty(backlog)
	    ? NULL
	    : &backlog->entries.at[backlog->entries.len - 1];

	if (newest && newest->number == entry.number)
		widen(newest, entry);
	else
		vec_push(&backlog->entries, entry);
}

bool
backlog_is_empty(const struct backlog *backlog)
{
	return backlog->first == backlog->entries.len;
}

bool
backlog_has(const struct backlog *backlog, uint64_t number)
{
	for (size_t i = backlog->first; i < backlog->entries.len; i++)
		if (backlog->entries.at[i].number == number)
			return true;
	return false;
}

bool
backlog_widen(struct backlog *backlog, struct backlog_entry entry)
{
	size_t count = backlog->entries.len - backlog->first;

	if (count > BACKLOG_LOOK)
		count = BACKLOG_LOOK;
	for (size_t i = 1; i <= count; i++) {
		struct backlog_entry *at =
		    &backlog->entries.at[backlog->entries.len - i];

		if (at->number != entry.number)
			continue;
		widen(at, entry);
		return true;
	}
	return false;
}

/* Gives memory back, and moves the rest to the front now and then. */
static void
tidy(struct backlog *backlog)
{
	size_t left = backlog->entries.len - backlog->first;

	if (left == 0) {
		backlog_free(backlog);
	} else if (backlog->first >= SHIFT_FROM && backlog->first > left) {
		memmove(backlog->entries.at,
		    backlog->entries.at + backlog->first,
		    left * sizeof(*backlog->entries.at));
		backlog->entries.len = left;
		backlog->first = 0;
	}
}

struct backlog_entry
backlog_take_oldest(struct backlog *backlog)
{
	struct backlog_entry entry;

	must(!backlog_is_empty(backlog));
	entry = backlog->entries.at[backlog->first++];
	tidy(backlog);
	return entry;
}

bool
backlog_take_newest(struct backlog *backlog, uint64_t number, uint64_t first,
    struct backlog_entry *entry)
{
	if (backlog_is_empty(backlog))
		return false;
	*entry = backlog->entries.at[backlog->entries.len - 1];
	if (entry->number != number || entry->first != first)
		return false;
	backlog->entries.len--;
	tidy(backlog);
	return true;
}

struct backlog_entry
backlog_take(struct backlog *backlog)
{
	struct backlog_entry entry;

	must(!backlog_is_empty(backlog));
	if (++backlog->turn % BACKLOG_OLDEST_EACH == 0)
		return backlog_take_oldest(backlog);
	entry = backlog->entries.at[--backlog->entries.len];
	tidy(backlog);
	return entry;
}

void
backlog_keep(struct backlog *backlog,
    bool (*is_kept)(void *context, uint64_t number), void *context)
{
	size_t kept = 0;

	for (size_t i = backlog->first; i < backlog->entries.len; i++) {
		struct backlog_entry entry = backlog->entries.at[i];

		if (is_kept(context, entry.number))
			backlog->entries.at[kept++] = entry;
	}
	backlog->first = 0;
	backlog->entries.len = kept;
	tidy(backlog);
}

void
backlog_free(struct backlog *backlog)
{
	vec_free(&backlog->entries);
	backlog->first = 0;
}
