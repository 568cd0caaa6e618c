/* scribe_controls.h - the control files of bounces and notices. */
#ifndef SEND_SCRIBE_CONTROLS_H
#define SEND_SCRIBE_CONTROLS_H

#include "base/attr.h"

#include "scribe_mail.h"

/*
 * scribe_controls_read: reads all of them; the working folder is HOME.
 *   mail      receives what they say; stays as it was if one cannot be read
 *   culprit   receives that one
 * Returns 0, -1 with errno.
 */
MUST_CHECK int
scribe_controls_read(struct scribe_mail *mail, const char **culprit);

#endif
