/*
 * serial_bounce.h - a message that was refused goes back to its sender.
 * Source: maildirserial(1); QSBMF, mail/bounce.h.
 */
#ifndef SERIAL_SERIAL_BOUNCE_H
#define SERIAL_SERIAL_BOUNCE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

struct serial_bounce {
	bool is_known;	      /* this host has a name: bounces can be made */
	struct str from;      /* bouncefrom@bouncehost */
	struct str double_to; /* doublebounceto@doublebouncehost */
};

#define SERIAL_BOUNCE_INIT                \
	{                                 \
		false, STR_INIT, STR_INIT \
	}

/* serial_bounce_read: reads the control files; the working folder stays.
 * Returns 0, -1 with errno. */
MUST_CHECK int serial_bounce_read(struct serial_bounce *bounce);

/*
 * serial_bounce_send: queues a bounce of a message; one of a double bounce is
 * dropped.
 *   name     its file
 *   prefix   of Delivered-To
 *   words    why; hostile
 * Returns NULL; or why it is not queued, with a code: the message has to stay.
 */
MUST_CHECK const char *serial_bounce_send(const struct serial_bounce *bounce,
    const char *name, struct span prefix, struct span words);

#endif
