/*
 * headerin.h - the header of a message that is being read.
 *
 *	headerin_read(&in, max, &header, &line)
 *	rest = str_span(&header)
 *	while (headerin_next(&rest, &field)) ...
 *
 * The header ends at a blank line, at the end of input, or before the first
 * line that is no field.  Input: hostile
 */
#ifndef QUEUE_HEADERIN_H
#define QUEUE_HEADERIN_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "sys/in.h"

/*
 * headerin_read: reads the header.
 *   max      bytes of it at most
 *   header   receives its fields, each with its newline
 *   line     receives the line that ended it, or what has come of it; empty
 *            at the end of input
 * Returns 0; -1 with errno, EMSGSIZE for a larger one.
 */
MUST_CHECK int
headerin_read(struct in *in, size_t max, struct str *header, struct str *line);

/* headerin_next: takes the next field off, folds and newline included. */
bool headerin_next(struct span *rest, struct span *field);

#endif
