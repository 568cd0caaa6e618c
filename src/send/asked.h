/*
 * asked.h - what the sender of a message asked of notifications on each of its
 * recipients, as the accepted envelope has it: for bounces, which know no more
 * of a recipient than his address.
 */
#ifndef SEND_ASKED_H
#define SEND_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sys/in.h"

struct asked {
	int fd; /* intd/N; -1: it cannot be read, and nobody asked anything */
	struct in in;
	size_t index;	 /* of the next recipient */
	unsigned misses; /* who are not in it: control files changed them */
	struct str told; /* a byte for each recipient: 1: he was asked for */
	struct str address, parameters;
	char buffer[8192];
};

/* asked_open: asked_close after use.  Returns whether anything was asked on any
 * recipient. */
bool asked_open(struct asked *asked, uint64_t number, uint64_t split);
void asked_close(struct asked *asked);

/*
 * asked_of: the parameters of a recipient; see mail/dsn.h.  Of one who is
 * listed twice those that were not asked for yet.  The search goes on behind
 * the last one that was found, so that recipients in their order cost nothing.
 * Returns a view, good until the next call; empty if there are none.
 */
struct span asked_of(struct asked *asked, struct span address);

#endif
