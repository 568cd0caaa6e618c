/*
 * crlftext.c - text whose lines end in CR LF.
 * Input: hostile
 */
#include "mail/crlftext.h"

/* Everything up to the next CR or LF, that one included if it is passed on. */
static struct span
take_piece(struct crlftext *text, struct span *input)
{
	struct span piece;
	size_t i = 0;

	while (i < input->len && input->s[i] != '\r' && input->s[i] != '\n')
		i++;
	piece = span_upto(*input, i);
	if (i < input->len && input->s[i] == '\n') {
		text->has_lone_lf = true;
		piece.len++;
	} else if (i < input->len) {
		text->is_after_cr = true;
		i++;
	}
	*input = span_from(*input, i > piece.len ? i : piece.len);
	return piece;
}

bool
crlftext_next(struct crlftext *text, struct span *input, struct span *piece)
{
	while (input->len) {
		if (text->is_after_cr) {
			text->is_after_cr = false;
			if (input->s[0] == '\n') {
				*piece = span_upto(*input, 1);
				*input = span_from(*input, 1);
				return true;
			}
			text->has_lone_cr = true;
			*piece = SPAN("\r");
			return true;
		}
		*piece = take_piece(text, input);
		if (piece->len)
			return true;
	}
	return false;
}

void
crlftext_end(struct crlftext *text)
{
	if (text->is_after_cr)
		text->has_lone_cr = true;
	text->is_after_cr = false;
}
