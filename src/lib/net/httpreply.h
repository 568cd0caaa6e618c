/*
 * httpreply.h - what a web server answers, as far as one small text is wanted of
 * it (RFC 9112).  Pure: includes only base.
 * Input: hostile.
 */
#ifndef NET_HTTPREPLY_H
#define NET_HTTPREPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define HTTPREPLY_HEAD_MAX 16384 /* bytes before the text */

enum httpreply_state {
	HTTPREPLY_MORE, /* it is not whole yet */
	HTTPREPLY_WHOLE,
	HTTPREPLY_BAD /* it breaks the grammar or a limit, or is not wanted */
};

struct httpreply {
	size_t max; /* bytes of the text; more of it is bad */
	enum httpreply_state state;
	const char *trouble; /* words, when it is bad */
	struct str text;     /* decoded, as far as it has come */
	struct str rest;     /* what is not understood yet */
	bool has_head;	     /* the head is whole, and what was wanted */
	bool is_chunked;
	bool has_length;
	size_t left;	  /* bytes of the text, or of the chunk, to come */
	bool is_in_chunk; /* its bytes, or the newline behind them */
	bool is_last;	  /* only the trailer is to come */
};

/*
 * httpreply_init: nothing has come yet.
 *   max   bytes that the text may have
 */
void httpreply_init(struct httpreply *reply, size_t max);

/*
 * httpreply_feed: takes what has come.  Wanted is a text/plain with status 200,
 * as it is or in chunks; no other status, so no redirect, and no other coding.
 * Bytes behind the end are left out.
 */
enum httpreply_state httpreply_feed(struct httpreply *reply, struct span bytes);

/*
 * httpreply_end: the server has ended the connection, and said so: it is the end
 * of a text without a length.
 */
enum httpreply_state httpreply_end(struct httpreply *reply);

/* httpreply_free: releases the memory. */
void httpreply_free(struct httpreply *reply);

#endif
