/*
 * known.h - the names that were right from an address (tries.h), over a restart.
 * A small file has them; the first line is the seed of the keys:
 *
 *	SEED
 *	SECONDS KEY
 *
 * SECONDS is how long ago that was when the file was written, so that no clock
 * that is set forth or back makes all of them old, or young for ever; the time
 * between two runs does not count.
 * Input: our own
 */
#ifndef LOGIN_KNOWN_H
#define LOGIN_KNOWN_H

#include <stdint.h>

#include "base/attr.h"
#include "tries.h"

#define KNOWN_SECONDS (90 * 86400) /* without a try; then it is forgotten */

/*
 * known_load: takes over what a file says, as far as it can be understood, with
 * its seed.  To be called before there are any tries.
 *   now   clock_monotonic
 * Returns 0, also without a file; -1 with errno.
 */
MUST_CHECK int known_load(struct tries *tries, const char *path, int64_t now);

/* known_save: forgets those that are over, and replaces the file.
 * Returns 0, -1 with errno. */
MUST_CHECK int known_save(struct tries *tries, const char *path, int64_t now);

#endif
