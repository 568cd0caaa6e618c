/*
 * keep.h - small files that keep what is in memory over a restart.
 */
#ifndef LOGIN_KEEP_H
#define LOGIN_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/*
 * keep_text: replaces a file of ours, which nobody else may read.  It is whole or
 * as it was, but after a power cut.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int keep_text(const char *path, struct span text);

/* keep_cut_number: cuts a number off a line, with the space behind it.
 * Returns false if there is none. */
MUST_CHECK bool keep_cut_number(struct span *line, uint64_t *number);

#endif
