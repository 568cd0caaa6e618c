/*
 * 822received.c - prints the way of a message, oldest step first.
 * Runs as   anybody.
 * Reads     a message on fd 0.
 * Writes    its Received fields to fd 1, the last one first, each with its
 *           time in front and its parts on lines of their own.
 * Source    822received(1).
 */
#include "base/ascii.h"
#include "base/must.h"
#include "base/vec.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mess_input.h"
#include "queue/headerin.h"
#include "sys/clock.h"

#define NEXT_PART "\n\t\t\t"

/* Whether a word begins a part of its own. */
static bool
is_part(struct span word)
{
	return span_equal_nocase(word, SPAN("by")) ||
	    span_equal_nocase(word, SPAN("id")) ||
	    span_equal_nocase(word, SPAN("for"));
}

static bool
is_space(char c)
{
	return ascii_is_blank(c) || c == '\n' || c == '\r';
}

/* The length of what the text begins with: a comment, a word, or one of the
 * bytes that end words. */
static size_t
word_len(struct span text)
{
	size_t len = 0, depth = 0;

	if (text.s[0] == ';')
		return 1;
	while (len < text.len) {
		char c = text.s[len];

		if (depth == 0 && (is_space(c) || c == ';'))
			break;
		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		len++;
	}
	return len;
}

/* Control bytes do not move the cursor of who reads this. */
static void
add_clean(struct str *text, struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		str_add_byte(
		    text, ascii_is_control(word.s[i]) ? ' ' : word.s[i]);
}

static void
add_field(struct str *text, struct span body)
{
	size_t end = span_find_last(body, ';');
	struct date date;

	if (date_parse(span_from(body, end + 1), &date))
		date_add_ctime(
		    text, date.seconds + clock_local_offset(date.seconds));
	while (body.len) {
		struct span word;

		if (is_space(body.s[0])) {
			body = span_from(body, 1);
			continue;
		}
		word = span_upto(body, word_len(body));
		body = span_from(body, word.len);
		if (word.s[0] == ';')
			str_add_z(text, NEXT_PART);
		else if (is_part(word))
			str_add_z(text, " " NEXT_PART);
		str_add_byte(text, ' ');
		add_clean(text, word);
	}
	str_add_byte(text, '\n');
}

int
main(void)
{
	struct str header = STR_INIT, text = STR_INIT;
	VEC(struct span) bodies = VEC_INIT;
	struct span rest, field;

	must_hooks(111, NULL);
	mess_input_read("822received", &header);
	rest = str_span(&header);
	while (headerin_next(&rest, &field)) {
		size_t colon;

		if (header_identify(header_name(field, &colon)) ==
		    HEADER_RECEIVED)
			vec_push(&bodies, span_from(field, colon + 1));
	}
	for (size_t i = bodies.len; i-- > 0;)
		add_field(&text, bodies.at[i]);
	mess_input_write("822received", &text);
	vec_free(&bodies);
	str_free(&header);
	str_free(&text);
	return 0;
}
