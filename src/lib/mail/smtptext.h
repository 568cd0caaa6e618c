/*
 * smtptext.h - the text after DATA, as a server reads it (RFC 5321 4.5.2):
 * CR LF becomes LF, dots that were stuffed go, a lone dot ends it.
 *
 *	struct smtptext text = SMTPTEXT_INIT;
 *	while ((event = smtptext_next(&text, &input, &piece)) == SMTPTEXT_PIECE)
 *		store(piece);
 *
 * Only CR LF . CR LF ends a text, so that nobody can make two messages of
 * one; what other systems take for an end of line shows as an event or a
 * mark.  Input: hostile, in parts of any size.
 */
#ifndef MAIL_SMTPTEXT_H
#define MAIL_SMTPTEXT_H

#include <stdbool.h>

#include "base/span.h"

enum smtptext_state {
	SMTPTEXT_LINE_START,
	SMTPTEXT_IN_LINE,
	SMTPTEXT_AFTER_CR,
	SMTPTEXT_AFTER_DOT, /* a dot that begins a line */
	SMTPTEXT_AFTER_DOT_CR,
};

struct smtptext {
	enum smtptext_state state;
	bool has_lone_cr; /* a CR came that is not part of CR LF */
};

#define SMTPTEXT_INIT                      \
	{                                  \
		SMTPTEXT_LINE_START, false \
	}

enum smtptext_event {
	SMTPTEXT_HUNGRY,  /* the input is used up */
	SMTPTEXT_PIECE,	  /* here is a piece of the text */
	SMTPTEXT_LONE_LF, /* an LF without CR: nothing after it can be trusted */
	SMTPTEXT_END,	  /* the text is complete; input is what follows it */
};

/*
 * smtptext_next: takes bytes off the input until something is to be said.
 *   input   the bytes that came; moves on
 *   piece   receives, at SMTPTEXT_PIECE, decoded bytes; good as long as the
 *	     bytes of the input are
 */
enum smtptext_event
smtptext_next(struct smtptext *text, struct span *input, struct span *piece);

#endif
