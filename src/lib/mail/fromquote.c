/*
 * fromquote.c - making a message fit for an mbox.
 * Input: hostile
 */
#include "mail/fromquote.h"

#include "base/must.h"

static const char from[] = "From ";

#define FROM_LEN (sizeof(from) - 1)

/* The rest of a line, with its end if that has come. */
static struct span
take_line(struct fromquote *quote, struct span *input)
{
	size_t end = span_find(*input, '\n');
	struct span line = span_upto(*input, end + 1);

	if (end < input->len) {
		quote->is_in_line = false;
		quote->is_partial = false;
	}
	*input = span_from(*input, end + 1);
	return line;
}

/*
 * At the start of a line: bytes that may become "From " are kept back.
 * Returns what is to be written now, may be empty.
 */
static struct span
take_start(struct fromquote *quote, struct span *input)
{
	char c = input->s[0];
	size_t held = quote->held;
	struct span piece = span_make(NULL, 0);

	if (c == from[held]) {
		*input = span_from(*input, 1);
		if (++quote->held == FROM_LEN) {
			quote->held = 0;
			quote->is_in_line = true;
			piece = SPAN(">From ");
		}
	} else if (c == '>' && held == 0) {
		piece = span_upto(*input, 1);
		*input = span_from(*input, 1);
	} else {
		quote->held = 0;
		quote->is_in_line = true;
		return span_make(from, held);
	}
	quote->is_partial = true;
	return piece;
}

bool
fromquote_next(struct fromquote *quote, struct span *input, struct span *piece)
{
	while (input->len) {
		*piece = quote->is_in_line ? take_line(quote, input)
					   : take_start(quote, input);
		if (quote->is_in_line)
			quote->is_partial = true;
		if (piece->len)
			return true;
	}
	return false;
}

struct span
fromquote_end(struct fromquote *quote)
{
	size_t held = quote->held;

	must(held < FROM_LEN);
	quote->held = 0;
	if (held)
		return span_make(from, held);
	if (!quote->is_partial)
		return SPAN("");
	quote->is_partial = false;
	quote->is_in_line = false;
	return SPAN("\n");
}
