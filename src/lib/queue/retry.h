/*
 * retry.h - when what did not work is tried again: the schedule of qmail-send(8).
 */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include <stdint.h>

#include "queue/channel.h"

/*
 * retry_next: when to try again what is tried now.
 * Source: qmail-send(8), RETRIES.
 */
int64_t retry_next(int64_t birth, int64_t now, enum channel_id channel);

/*
 * retry_longest_wait: between two tries of a message that gets no older than
 * `lifetime` seconds.  The wait does not only grow with the age: it falls by a
 * second with each, and is longest where that is a square.
 */
int64_t retry_longest_wait(int64_t lifetime, enum channel_id channel);

#endif
