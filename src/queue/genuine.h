/*
 * genuine.h - whether bin/qmail-queue is ours: an administrator may put another program
 * in its place, which then is to see every message.
 */
#ifndef QUEUE_GENUINE_H
#define QUEUE_GENUINE_H

#include <stdbool.h>

/* What stands in our qmail-queue, and in nothing else. */
#define GENUINE_MARK "qmail-queue of Angarium: whoever stands here is asked"

/*
 * genuine_queue_program: looks at it; reads it only when it has changed since the last
 * call.
 */
bool genuine_queue_program(void);

#endif
