/*
 * crlftext.h - text whose lines end in CR LF and whose length is known
 * otherwise, as in BDAT (RFC 3030) and QMTP: CR LF becomes LF.
 *
 * A CR or LF by itself is passed on and noted: other systems take it for an
 * end of line, so who stores it helps to smuggle.
 * Input: hostile, in parts of any size.
 */
#ifndef MAIL_CRLFTEXT_H
#define MAIL_CRLFTEXT_H

#include <stdbool.h>

#include "base/span.h"

struct crlftext {
	bool is_after_cr; /* a CR came last, and was not passed on yet */
	bool has_lone_cr, has_lone_lf;
};

#define CRLFTEXT_INIT               \
	{                           \
		false, false, false \
	}

/*
 * crlftext_next: takes bytes off the input.
 *   input   the bytes that came; moves on
 *   piece   receives decoded bytes; good as long as those of the input are
 * Returns false when the input is used up.
 */
bool
crlftext_next(struct crlftext *text, struct span *input, struct span *piece);

/* crlftext_end: the text is over: notes a CR that was still to be judged. */
void crlftext_end(struct crlftext *text);

#endif
