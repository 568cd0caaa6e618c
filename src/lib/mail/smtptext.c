/*
 * smtptext.c - the text after DATA, as a server reads it.
 * Input: hostile
 */
#include "mail/smtptext.h"

static enum smtptext_event
give(struct span *input, size_t len, struct span *piece)
{
	*piece = span_upto(*input, len);
	*input = span_from(*input, len);
	return SMTPTEXT_PIECE;
}

/*
 * In the middle of a line: all up to the next CR is one piece.
 *   seen   so many bytes of it were looked at already
 */
static enum smtptext_event
in_line(
    struct smtptext *text, struct span *input, size_t seen, struct span *piece)
{
	struct span rest = span_from(*input, seen);
	size_t cr = span_find(rest, '\r');

	text->state = SMTPTEXT_IN_LINE;
	if (span_has(span_upto(rest, cr), '\n'))
		return SMTPTEXT_LONE_LF;
	if (cr == rest.len)
		return give(input, input->len, piece);
	*piece = span_upto(*input, seen + cr);
	*input = span_from(*input, seen + cr + 1);
	text->state = SMTPTEXT_AFTER_CR;
	return SMTPTEXT_PIECE;
}

/*
 * A CR has been taken and kept back.  It goes if an LF follows; else it is
 * text, and the byte behind it is looked at as in the middle of a line.
 */
static enum smtptext_event
after_cr(struct smtptext *text, struct span *input, struct span *piece)
{
	bool is_end = text->state == SMTPTEXT_AFTER_DOT_CR;

	if (input->s[0] == '\n' && is_end) {
		*input = span_from(*input, 1);
		return SMTPTEXT_END;
	}
	if (input->s[0] == '\n') {
		/* The next line goes along, if it has no dot to lose. */
		if (input->len > 1 && input->s[1] != '.')
			return in_line(text, input, 1, piece);
		text->state = SMTPTEXT_LINE_START;
		return give(input, 1, piece);
	}
	text->state = SMTPTEXT_IN_LINE;
	text->has_lone_cr = true;
	*piece = SPAN("\r");
	return SMTPTEXT_PIECE;
}

enum smtptext_event
smtptext_next(struct smtptext *text, struct span *input, struct span *piece)
{
	while (input->len) {
		switch (text->state) {
		case SMTPTEXT_LINE_START:
			text->state = SMTPTEXT_IN_LINE;
			if (input->s[0] == '.') {
				*input = span_from(*input, 1);
				text->state = SMTPTEXT_AFTER_DOT;
			}
			break;
		case SMTPTEXT_AFTER_DOT:
			text->state = SMTPTEXT_IN_LINE;
			if (input->s[0] == '\r') {
				*input = span_from(*input, 1);
				text->state = SMTPTEXT_AFTER_DOT_CR;
			}
			break;
		case SMTPTEXT_AFTER_CR:
		case SMTPTEXT_AFTER_DOT_CR:
			return after_cr(text, input, piece);
		case SMTPTEXT_IN_LINE:
			return in_line(text, input, 0, piece);
		}
	}
	return SMTPTEXT_HUNGRY;
}
