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
#include "base/vec.h"
#include "sys/in.h"

/* One of whom something was asked. */
struct asked_recipient {
	uint64_t hash;	   /* of his address */
	uint64_t position; /* of his parameters in the envelope */
	size_t told;	   /* the first of a hash: so many were asked for */
};

struct asked {
	int fd; /* intd/N; -1: nobody asked anything, or it cannot be read */
	struct in in;
	uint64_t position;			/* of what is read next */
	VEC(struct asked_recipient) recipients; /* sorted by their hashes */
	struct str address, parameters;
	char buffer[8192];
};

/* asked_open: asked_close after use.  Returns whether anything was asked on any
 * recipient. */
bool asked_open(struct asked *asked, uint64_t number, uint64_t split);
void asked_close(struct asked *asked);

/*
 * asked_of: the parameters of a recipient; see mail/dsn.h.  Of one who is
 * listed twice those that were not asked for yet.  The envelope is read once,
 * when it is opened, and where it has them.
 * Returns a view, good until the next call; empty if there are none.
 */
struct span asked_of(struct asked *asked, struct span address);

#endif
