/*
 * waiting.h - the files of a message that waits: info, local, remote.
 *
 *	info     F sender NUL; then, once all recipients of one channel are
 *	         done while the other still waits, l or r, their count, NUL
 *	local    {T or D, address, NUL}   T: to do, D: done
 *	remote   the same
 *
 * None is ever fsynced.  What a crash left is checked against the accepted
 * envelope: without the mark in info a missing file means that it was lost,
 * not that it was finished.  Source: qmail-send(8).
 */
#ifndef SEND_WAITING_H
#define SEND_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

#include "rewrite.h"

#define WAITING_TO_DO 'T'
#define WAITING_DONE  'D'

/*
 * waiting_is_whole: whether the files hold the sender and exactly so many
 * recipients.
 */
bool waiting_is_whole(
    uint64_t number, uint64_t split, struct span sender, uint64_t recipients);

/*
 * waiting_read_info: the sender and the birth of a waiting message.
 * Returns 0; -1 with errno, EBADMSG if info is damaged.
 */
MUST_CHECK int waiting_read_info(
    uint64_t number, uint64_t split, struct str *sender, int64_t *birth);

/*
 * waiting_mark_channel: notes in info that all `count` recipients of one
 * channel are done, so that its file may go.  Keeps the birth.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int waiting_mark_channel(uint64_t number, uint64_t split,
    enum channel_id channel, uint64_t count, int64_t birth);

/* waiting_folder: QUEUE_LOCAL or QUEUE_REMOTE. */
int waiting_folder(enum channel_id channel);

#endif
