/*
 * info.h - info/S/N: the sender of a message that waits, its birth (the
 * modification time), and which of its channels are finished.
 *
 *	F sender NUL                as qmail has it
 *	[E parameters NUL]          of the envelope, see envelope.h
 *	{l or r, count, NUL}        all `count` recipients of the local or the
 *	                            remote channel are done
 *	{b NUL}                     its bounce is queued
 *	{w channel NUL}             its sender is told that this channel waits
 *	{a seconds NUL}             at that time its birth was in the future
 *	[o letter NUL]              what an administrator ordered; the letter is
 *	                            changed in place
 *
 * Without the mark a missing channel file means that a crash lost it, not that
 * it was finished.  A mark that breaks off counts as none, as do zeros that a
 * power cut has left; the next mark takes their place.
 * Input: our own, perhaps damaged by a crash.  Source: qmail-send(8).
 */
#ifndef QUEUE_INFO_H
#define QUEUE_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "queue/channel.h"

/* What is to become of a message, by order of an administrator. */
enum info_order {
	INFO_ORDER_NONE = '-',
	INFO_ORDER_HOLD = 'h',	 /* it is not tried */
	INFO_ORDER_PAUSE = 'p',	 /* nor is this, while it is redirected */
	INFO_ORDER_RETURN = 'b', /* who is still to do fails */
	INFO_ORDER_DELETE = 'd'	 /* it goes, and nobody hears of it */
};

struct info {
	struct str sender, parameters;
	int64_t birth; /* seconds */
	bool is_finished[CHANNELS];
	uint64_t counts[CHANNELS]; /* of those that are finished */
	bool is_told_of_delay[CHANNELS];
	bool is_bounced;
	int64_t seen_ahead; /* when its birth was in the future; 0: never */
	enum info_order order;
};

#define INFO_INIT                                           \
	{                                                   \
		.sender = STR_INIT, .parameters = STR_INIT, \
		.order = INFO_ORDER_NONE                    \
	}

/*
 * info_read: reads the file.
 *   info   must be as after INFO_INIT; to be released with info_free
 * Returns 0; -1 with errno: ENOENT, EBADMSG if it is damaged, anything else if
 * that cannot be told.
 */
MUST_CHECK int info_read(uint64_t number, uint64_t split, struct info *info);
void info_free(struct info *info);

/* info_order_holds: whether a message with this order is not tried. */
bool info_order_holds(enum info_order order);

/* info_order_ends: whether nothing of a message with this order is tried any more. */
bool info_order_ends(enum info_order order);

/*
 * info_write: makes the file, or puts a new one in its place, with this order.
 * Returns 0; -1 with errno: what was there is still there.
 */
MUST_CHECK int info_write(uint64_t number, uint64_t split, struct span sender,
    struct span parameters, enum info_order order, int64_t birth);

/*
 * info_mark_finished, info_mark_bounced, info_mark_delay, info_mark_ahead: adds a mark, and keeps
 * the birth.  Returns 0, -1 with errno.
 */
MUST_CHECK int info_mark_finished(uint64_t number, uint64_t split,
    enum channel_id channel, uint64_t count, int64_t birth);
MUST_CHECK int
info_mark_bounced(uint64_t number, uint64_t split, int64_t birth);
MUST_CHECK int info_mark_delay(
    uint64_t number, uint64_t split, enum channel_id channel, int64_t birth);
MUST_CHECK int
info_mark_ahead(uint64_t number, uint64_t split, int64_t seen, int64_t birth);

/*
 * info_mark_order: takes note of an order, in the place of the one before.  Not
 * synced: qmail-qctld does that, for many at once, before it tells anybody.
 * Returns 0; -1 with errno: ENOENT if there is no such message.
 */
MUST_CHECK int info_mark_order(
    uint64_t number, uint64_t split, enum info_order order, int64_t birth);

#endif
