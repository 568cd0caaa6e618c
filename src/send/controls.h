/* controls.h - the control files of qmail-send, and its start. */
#ifndef SEND_CONTROLS_H
#define SEND_CONTROLS_H

#include "base/attr.h"

#include "send.h"

/*
 * controls_read: reads all of them; the working folder is HOME.  Returns 0; -1
 * when the log has been told which file cannot be read, and why.
 */
MUST_CHECK int controls_read(struct send *send);

/*
 * controls_read_again: on HUP; what cannot be read stays as it was.  The
 * working folder is, and will be, HOME/queue.
 * Returns 0; -1 if that cannot be entered again: then nothing can be done from
 * here, not even an orderly end.
 */
MUST_CHECK int controls_read_again(struct send *send);

/*
 * controls_look: once a second at most: reads control/smtproutes again if it
 * has changed, and forgets which hops were in trouble after qmail-tcpok.
 * Returns as controls_read_again.
 */
MUST_CHECK int controls_look(struct send *send);

#endif
