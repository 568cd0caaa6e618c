/*
 * fromquote.h - making a message fit for an mbox: lines that begin with
 * "From ", or any number of > and "From ", get one more > (mboxrd).
 * Constant memory, whatever the lines.  Input: hostile, in parts of any size.
 */
#ifndef MAIL_FROMQUOTE_H
#define MAIL_FROMQUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct fromquote {
	bool is_in_line; /* past what could need quoting */
	size_t held;	 /* bytes of "From " that are kept back */
	bool is_partial; /* the last line has no end yet */
};

#define FROMQUOTE_INIT          \
	{                       \
		false, 0, false \
	}

/*
 * fromquote_next: takes bytes off the input until there is something to write.
 *   piece   receives it; good as long as the bytes of the input are
 * Returns false when the input is used up.
 */
bool
fromquote_next(struct fromquote *quote, struct span *input, struct span *piece);

/*
 * fromquote_end: what is still to be written at the end of the message: bytes
 * kept back, and a newline if the last line has none.  May be empty.  Pieces
 * come from here until it is empty.
 */
struct span fromquote_end(struct fromquote *quote);

#endif
