/* maildir.h - making a Maildir (maildir(5)). */
#ifndef LOCAL_MAILDIR_H
#define LOCAL_MAILDIR_H

#include "base/attr.h"

/*
 * maildir_fill: makes tmp, new and cur in a folder; those that are there
 * already are fine.  What cannot be made whole stays as it is.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int maildir_fill(const char *folder);

#endif
