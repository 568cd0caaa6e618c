/* scan.h - text to numbers.  Input: hostile. */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/*
 * scan_u64: a decimal number that is all of the text.
 *   max      largest value that is accepted
 *   number   receives it; untouched on failure
 * Returns false for no digits, a sign, any other byte, or a value over max.
 */
MUST_CHECK bool scan_u64(struct span text, uint64_t max, uint64_t *number);

/*
 * scan_u64_prefix: the number that the text starts with, as in control files
 * where "20 # deliveries" means 20.  A value over max counts as max.
 * Returns the number of digits, 0 if there are none (*number is untouched).
 */
size_t scan_u64_prefix(struct span text, uint64_t max, uint64_t *number);

#endif
