/*
 * dkimcanon.h - the canonical forms of DKIM (RFC 6376 3.4): what is hashed instead
 * of what was sent, so that changes on the way do no harm.  Pure.
 *
 * Lines come in as in the queue, ended by LF, and go out ended by CR LF.
 * Input: hostile.
 */
#ifndef MAIL_DKIMCANON_H
#define MAIL_DKIMCANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

enum dkim_canon {
	DKIM_SIMPLE, /* nearly nothing may change */
	DKIM_RELAXED /* blanks may change, and the letter case of field names */
};

/*
 * dkimcanon_add_field: appends the canonical form of a field of a header, with a
 * CR LF at its end.
 *   field   all its lines, with or without the LF of the last
 */
void
dkimcanon_add_field(struct str *text, enum dkim_canon canon, struct span field);

#define DKIMCANON_BUFFER   2048
#define DKIMCANON_NO_LIMIT UINT64_MAX

/* A body on its way through, in constant memory. */
struct dkimcanon_body {
	enum dkim_canon canon;
	uint64_t left;	/* bytes that may still go out */
	bool is_cut;	/* more would have gone out */
	uint64_t ends;	/* ends of lines that came and did not go out yet */
	bool has_blank; /* so did blanks in the line */
	bool has_text;	/* something went out */
	void (*take)(void *, struct span);
	void *argument;
	size_t len; /* bytes in the buffer */
	char buffer[DKIMCANON_BUFFER];
};

/*
 * dkimcanon_body_init: begins a body.
 *   limit      of the canonical form the first so many bytes go out;
 *              DKIMCANON_NO_LIMIT: all
 *   take       is called with what goes out, in pieces, with the argument
 */
void dkimcanon_body_init(struct dkimcanon_body *body, enum dkim_canon canon,
    uint64_t limit, void (*take)(void *, struct span), void *argument);

/* dkimcanon_body_feed: takes the next bytes of the body, cut anywhere. */
void dkimcanon_body_feed(struct dkimcanon_body *body, struct span bytes);

/* dkimcanon_body_end: the body is over; the rest goes out. */
void dkimcanon_body_end(struct dkimcanon_body *body);

#endif
