/*
 * netstring.h - netstrings: LENGTH ":" BYTES ",", the length in decimal without
 * zeros in front.  Source: D. J. Bernstein, Netstrings.
 * Input: hostile
 */
#ifndef NET_NETSTRING_H
#define NET_NETSTRING_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "sys/in.h"

/*
 * Where netstrings are read from, perhaps the inside of another one: then so
 * many bytes are left of that.
 */
struct netstring {
	struct in *in;
	uint64_t left; /* UINT64_MAX: no limit */
};

/*
 * netstring_read_length: reads LENGTH and colon.
 *   max      of a length
 *   length   receives it
 * Returns 1; 0 at the end of input, or of the outer netstring, before the
 * first digit; -1 with errno: EBADMSG: this is none; EMSGSIZE: longer than
 * max; EPROTO: the input ends within it; or that of the read.
 */
MUST_CHECK int
netstring_read_length(struct netstring *outer, uint64_t max, uint64_t *length);

/* netstring_read_some: up to length bytes of what follows, as many as are
 * there; length must not be 0.  Errors as above.  1, -1 with errno. */
MUST_CHECK int netstring_read_some(
    struct netstring *outer, uint64_t length, struct span *bytes);

/* netstring_take: takes bytes away that netstring_read_some showed. */
void netstring_take(struct netstring *outer, size_t length);

/* netstring_read_end: the comma.  1, -1 with errno as above. */
MUST_CHECK int netstring_read_end(struct netstring *outer);

/*
 * netstring_read: a whole netstring.
 *   max     of its length
 *   bytes   receives it, replaced
 * Returns as netstring_read_length.
 */
MUST_CHECK int
netstring_read(struct netstring *outer, uint64_t max, struct str *bytes);

/* netstring_add, netstring_add_length: appends a netstring; its start only. */
void netstring_add(struct str *text, struct span bytes);
void netstring_add_length(struct str *text, uint64_t length);

#endif
