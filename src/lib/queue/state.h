/*
 * state.h - what the files of a message that waits say of it, compared with
 * its accepted envelope.
 */
#ifndef QUEUE_STATE_H
#define QUEUE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "queue/channel.h"

enum message_state {
	MESSAGE_UNSORTED, /* there is none of its files */
	MESSAGE_WHOLE,	  /* all its recipients are there, some are to do */
	MESSAGE_FINISHED_CHANNEL, /* likewise, and one channel is finished */
	MESSAGE_ALL_DONE, /* no recipient is to do: bounce if need be, remove */
	MESSAGE_DAMAGED,  /* they do not hold what the envelope does */
	MESSAGE_CANNOT_TELL /* the system failed; errno says how */
};

/*
 * message_state: looks at info, local and remote.
 *   sender, recipients   those of the envelope
 *   open                 receives how many are to do in each channel
 */
enum message_state message_state(uint64_t number, uint64_t split,
    struct span sender, uint64_t recipients, bool waits[CHANNELS]);

/*
 * message_file_exists: whether a file of the queue is there.
 * Returns 1, 0; -1 with errno if that cannot be told.
 */
int message_file_exists(struct queue_path path);

#endif
