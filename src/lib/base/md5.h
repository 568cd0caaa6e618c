/*
 * md5.h - the MD5 digest (RFC 1321), for what a protocol prescribes or where
 * nobody gains by a collision: APOP, and names that are too long.
 */
#ifndef BASE_MD5_H
#define BASE_MD5_H

#include "base/span.h"
#include "base/str.h"

#define MD5_HEX 32 /* letters of a digest */

/* md5_add_hex: appends the digest of the bytes as MD5_HEX letters, a to f
 * small.  bytes must not lie inside *text. */
void md5_add_hex(struct str *text, struct span bytes);

#endif
