/*
 * message.h - a message of the queue, as an administrator looks at it.
 * Input: files of the queue; addresses: hostile
 */
#ifndef CONTROL_MESSAGE_H
#define CONTROL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "queue/channel.h"
#include "queue/info.h"

struct message_recipient {
	enum channel_id channel; /* CHANNELS: not yet decided */
	bool is_done;
	size_t address,
	    parameters; /* where they begin in texts; NUL ends them */
};

struct message {
	uint64_t number;
	bool
	    is_unsorted; /* its envelope is in todo, and it has no other files */
	/* It is examined after a crash: files that it lost are made anew, so that
	 * recipients may come back. */
	bool is_unclear;
	bool is_bouncing; /* there are failures of which its sender will hear */
	uint64_t size;	  /* bytes */
	struct info
	    info; /* of one that is not sorted: sender, birth, parameters */
	VEC(struct message_recipient) recipients;
	struct str texts;
};

/* What happens to it, as lists show it. */
enum stage {
	STAGE_WAITING,
	STAGE_NEW,
	STAGE_DELIVERING, /* recipients are being delivered to */
	STAGE_HELD,
	STAGE_ENDING,
	STAGES /* their number */
};

/* stage_name: "waiting", "new", "delivering", "held", "ending". */
const char *stage_name(enum stage state);

/* The files that message_read is to look for, if not all: a bit for each. */
#define MESSAGE_FILE(folder) (1u << (folder))
#define MESSAGE_ALL_FILES    (~0u)

/*
 * message_read: reads all of a message that is in info or todo; the working
 * folder is the queue.
 *   message   zeroed, or read before; message_free after use
 *   files     of local, remote and bounce those that are there, as a list of
 *             their folders told; a hundred thousand misses take a second
 * Returns 1; 0 if it is gone; -1 with errno if it cannot be read.
 */
MUST_CHECK int message_read(
    struct message *message, uint64_t number, uint64_t split, unsigned files);

/* message_address, message_parameters: of a recipient. */
struct span message_address(
    const struct message *message, const struct message_recipient *recipient);
struct span message_parameters(
    const struct message *message, const struct message_recipient *recipient);

/* message_free: releases the memory. */
void message_free(struct message *message);

#endif
