/*
 * popdata.h - a message as POP3 sends it (RFC 1939 3): lines end in CR LF, and
 * a dot at the start of a line is doubled.
 *
 * A line ends at LF; LF and CR LF both become CR LF.  A CR elsewhere, NUL and
 * 8-bit bytes are sent as they are.
 * Pure: includes only base.  Input: hostile.
 */
#ifndef NET_POPDATA_H
#define NET_POPDATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

#define POPDATA_ALL UINT64_MAX /* lines of the body: no limit */

struct popdata {
	uint64_t lines;	 /* of the body, that are still to be sent */
	uint64_t octets; /* sent so far, doubled dots not counted */
	bool is_body;	 /* the blank line has passed */
	bool is_inside;	 /* a line has begun and not ended */
	bool is_cr;	 /* its last byte was a CR */
	bool is_blank;	 /* it has nothing yet, but perhaps a CR */
};

/* popdata_init: begins a message, of whose body so many lines are sent. */
void popdata_init(struct popdata *data, uint64_t lines);

/*
 * popdata_add: appends what is sent of the next bytes of a message to wire, at
 * most twice as many.  The message may be cut anywhere.
 */
void popdata_add(struct popdata *data, struct span message, struct str *wire);

/* popdata_is_done: whether what follows of the message is not sent. */
bool popdata_is_done(const struct popdata *data);

/* popdata_end: ends the last line, if it has no end. */
void popdata_end(struct popdata *data, struct str *wire);

#endif
