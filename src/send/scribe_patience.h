/*
 * scribe_patience.h - an end for workers of the scribe whose program hangs.
 * One such must not hold up all mail, for there may be so many of them only,
 * nor, when the scribe is gone, keep the text of its bounce for itself.
 */
#ifndef SEND_SCRIBE_PATIENCE_H
#define SEND_SCRIBE_PATIENCE_H

#include <stdbool.h>

#include "base/attr.h"

/*
 * scribe_patience_begin: in a worker: makes it and what it starts a group, to
 * which SIGTERM goes when it does not get on for so many seconds; 0: any time.
 *   kills   SIGKILL follows a little later
 * Returns 0, -1 with errno.
 */
MUST_CHECK int scribe_patience_begin(unsigned seconds, bool kills);

/* scribe_patience_renew: it got on; the seconds begin anew. */
void scribe_patience_renew(unsigned seconds);

#endif
