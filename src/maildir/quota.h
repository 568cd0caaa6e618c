/*
 * quota.h - what may be in a Maildir++, the working folder, and what is: the
 * file maildirsize, which is made anew when it does not do.
 *
 * Other programs add to it and make it anew meanwhile; without a lock, so what it
 * says is a little behind, and never far.
 */
#ifndef MAILDIR_QUOTA_H
#define MAILDIR_QUOTA_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/*
 * quota_check: whether one more message fits.
 *   wanted   the quota as text; empty: what maildirsize says, else none
 *   bytes    of the message
 * Returns 1; 0 if not; -1 with errno, EINVAL: wanted is no quota.
 */
MUST_CHECK int quota_check(struct span wanted, uint64_t bytes);

/* quota_add: notes that a message of so many bytes was delivered; 0, -1 with
 * errno.  Without maildirsize there is nothing to note. */
MUST_CHECK int quota_add(uint64_t bytes);

#endif
