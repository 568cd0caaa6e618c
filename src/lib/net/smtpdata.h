/*
 * smtpdata.h - a message as SMTP sends it after DATA: lines end in CR LF, and
 * a dot at the start of a line is doubled (RFC 5321 4.5.2).
 *
 * LF, CR LF and a lone CR each end a line of the message, and what follows is
 * treated as the start of a line.  So no bytes of a message can end the data,
 * whatever the receiver takes for a line end.
 * Pure: includes only base.  Input: hostile.
 */
#ifndef NET_SMTPDATA_H
#define NET_SMTPDATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

struct smtpdata {
	bool is_inside; /* a line has begun and not ended */
	bool is_cr;	/* the last byte was a CR, whose line end is written */
	uint64_t size;	/* bytes so far as SIZE counts them: without the dots
			   that were doubled (RFC 1870) */
};

#define SMTPDATA_INIT           \
	{                       \
		false, false, 0 \
	}

/*
 * smtpdata_encode: appends the next bytes of a message to wire, at most twice
 * as many.  The message may be cut anywhere.
 */
void
smtpdata_encode(struct smtpdata *data, struct span message, struct str *wire);

/* smtpdata_finish: ends the last line, if it has no end. */
void smtpdata_finish(struct smtpdata *data, struct str *wire);

#endif
