/* fmt.h - numbers to text.  No NUL is written. */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stddef.h>
#include <stdint.h>

#define FMT_U64_MAX 20 /* digits of 2^64 - 1 */

/*
 * fmt_u64: decimal, without leading zeros.
 *   out   at least FMT_U64_MAX bytes
 * Returns the number of bytes written.
 */
size_t fmt_u64(char *out, uint64_t number);

/*
 * fmt_u64_pad: decimal, with zeros in front up to width digits.
 *   out   at least max(FMT_U64_MAX, width) bytes
 * Returns the number of bytes written, more than width if the number needs it.
 */
size_t fmt_u64_pad(char *out, uint64_t number, size_t width);

#endif
