/*
 * diagnosis.c - what a program can tell from words about a delivery.
 * Input: hostile (servers, programs of users)
 */
#include "mail/diagnosis.h"

#include "base/ascii.h"

#define STATUS_DIGITS 3 /* of its second and third number (RFC 3463 2) */

/* Length of the number at the start: up to three digits. */
static size_t
number_len(struct span text)
{
	size_t len = 0;

	while (len < text.len && len < STATUS_DIGITS &&
	    ascii_is_digit(text.s[len]))
		len++;
	return len;
}

/* The code that the text starts with; empty: it starts with none. */
static struct span
status_at(struct span text)
{
	size_t second, third;

	if (text.len < 2 || (text.s[0] != '4' && text.s[0] != '5') ||
	    text.s[1] != '.')
		return SPAN("");
	second = number_len(span_from(text, 2));
	if (second == 0 || 2 + second >= text.len || text.s[2 + second] != '.')
		return SPAN("");
	third = number_len(span_from(text, 3 + second));
	if (third == 0)
		return SPAN("");
	return span_upto(text, 3 + second + third);
}

/* The last code of the form (#5.1.1); lines after it tell more. */
static struct span
status_in(struct span words)
{
	for (size_t i = words.len; i-- > 0;) {
		struct span rest = span_from(words, i), status;

		if (!span_starts(rest, SPAN("(#")))
			continue;
		status = status_at(span_from(rest, 2));
		if (status.len &&
		    span_starts(span_from(rest, 2 + status.len), SPAN(")")))
			return status;
	}
	return SPAN("");
}

/* Whether a line may be one of a reply: 250-text (RFC 5321 4.2). */
static bool
is_of_reply(struct span line)
{
	return line.len > 3 && number_len(line) == 3 &&
	    (line.s[3] == ' ' || line.s[3] == '-');
}

/* How much of the text is a reply: its first line, and more of its kind. */
static size_t
reply_len(struct span text)
{
	struct span rest = text, line;
	size_t len = text.len;

	(void)!span_cut_next(&rest, '\n', &line);
	do
		len = text.len - rest.len;
	while (span_cut_next(&rest, '\n', &line) && is_of_reply(line));
	return len;
}

/* What a server said; empty: nothing. */
static struct span
reply_in(struct span words)
{
	while (words.len) {
		struct span line;

		if (span_starts(words, SPAN(DIAGNOSIS_REPLY))) {
			words = span_from(words, sizeof(DIAGNOSIS_REPLY) - 1);
			return span_upto(words, reply_len(words));
		}
		if (!span_cut_next(&words, '\n', &line))
			break;
	}
	return SPAN("");
}

struct diagnosis
diagnosis_of(struct span words)
{
	struct diagnosis diagnosis = { .reply = reply_in(words) };

	if (diagnosis.reply.len) {
		/* "550 5.1.1 no": the code of a reply and a blank first. */
		diagnosis.status = status_at(span_from(diagnosis.reply, 4));
		diagnosis.host = span_upto(words, span_find(words, ' '));
	}
	if (diagnosis.status.len == 0)
		diagnosis.status = status_in(words);
	return diagnosis;
}
