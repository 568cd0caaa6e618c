/*
 * record.h - what our processes say to each other: records of a letter, some
 * bytes without NUL, and a NUL, as in envelopes.  A datagram between two
 * processes holds one or more of them.
 */
#ifndef QUEUE_RECORD_H
#define QUEUE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

/* record_add, record_add_number: appends one record.  A NUL in value would
 * end it early: callers check hostile text before. */
void record_add(struct str *text, char letter, struct span value);
void record_add_number(struct str *text, char letter, uint64_t number);

/*
 * record_next: takes the first record off.
 *   rest     what is still to be read; moves on
 *   letter   receives its letter
 *   value    receives a view of its bytes
 * Returns false at the end of *rest, or if what is left is no whole record;
 * then *rest is empty in the first case only.
 */
MUST_CHECK bool
record_next(struct span *rest, char *letter, struct span *value);

/*
 * record_next_is, record_next_number: the same; the record must have this
 * letter, and its bytes be a number of at most max.
 */
MUST_CHECK bool
record_next_is(struct span *rest, char letter, struct span *value);
MUST_CHECK bool record_next_number(
    struct span *rest, char letter, uint64_t max, uint64_t *number);

/*
 * record_next_optional: takes the first record off if it has this letter.
 *   value   receives a view of its bytes; empty, with s NULL, if it is not
 *           there
 * Returns false if it is there, but no whole record.
 */
MUST_CHECK bool
record_next_optional(struct span *rest, char letter, struct span *value);

#endif
