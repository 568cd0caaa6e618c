/*
 * gzip.h - bytes made shorter, as gzip has them (RFC 1951, RFC 1952): text that
 * repeats itself.  All in one block with the fixed codes, so that there is neither a
 * tree to build nor a table to send.
 */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include "base/span.h"
#include "base/str.h"

/*
 * gzip_add: appends the bytes in the form of gzip, without a name or a time: the same
 * bytes give the same result.
 *   bytes   fewer than 4 GB; must not lie in *text
 * What is appended is at most an eighth longer than they are, and 32 bytes.  Beside it
 * some 200 kB of memory are taken for the time.
 */
void gzip_add(struct str *text, struct span bytes);

#endif
