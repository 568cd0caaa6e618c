/*
 * serial_message.c - the envelope of a message in a Maildir.
 * Input: hostile; qmail-local wrote the lines, the sender chose the words
 */
#include "serial_message.h"

#include <errno.h>

/* Reads one line, without its end.  1; 0: it has none, or is too long, and what
 * was read of it is in *line; -1 with errno. */
static int
read_line(struct in *in, struct str *line)
{
	int got;

	str_reset(line);
	got = in_read_until(in, '\n', line, SERIAL_LINE_MAX);
	if (got < 0 && errno == EMSGSIZE)
		return 0;
	if (got > 0)
		str_cut(line, line->len - 1);
	return got;
}

/* The bytes between < and the last >, with quotes and backslashes undone. */
static bool
take_path(struct span line, struct str *address)
{
	bool is_quoted = false;

	if (!span_ends(line, SPAN(">")))
		return false;
	line.len--;
	for (size_t i = 0; i < line.len; i++) {
		char c = line.s[i];

		if (c == '"') {
			is_quoted = !is_quoted;
			continue;
		}
		if (c == '\\' && is_quoted && i + 1 < line.len)
			c = line.s[++i];
		str_add_byte(address, c);
	}
	return !is_quoted;
}

/* What stands behind a field's name, if that is what the line begins with. */
static bool
take_field(struct span *line, struct span name)
{
	if (!span_starts(*line, name))
		return false;
	*line = span_from(*line, name.len);
	return true;
}

int
serial_message_read(
    struct serial_message *message, struct in *in, struct span prefix)
{
	struct str line = STR_INIT;
	struct span rest;
	int got = read_line(in, &line);

	str_reset(&message->sender);
	str_reset(&message->recipient);
	str_reset(&message->kept);
	message->head = line.len + 1;
	if (got <= 0)
		goto done;
	got = 0;
	rest = str_span(&line);
	if (!take_field(&rest, SPAN("Return-Path: <")) ||
	    !take_path(rest, &message->sender))
		goto done;
	got = read_line(in, &line);
	if (got < 0)
		goto done;
	rest = str_span(&line);
	if (got > 0 && take_field(&rest, SPAN("Delivered-To: "))) {
		got = span_starts(rest, prefix);
		str_set(&message->recipient, span_from(rest, prefix.len));
		message->head += line.len + 1;
	} else {
		str_set(&message->kept, rest);
		if (got > 0)
			str_add_byte(&message->kept, '\n');
		got = prefix.len == 0;
	}
done:
	str_free(&line);
	return got;
}

void
serial_message_free(struct serial_message *message)
{
	str_free(&message->sender);
	str_free(&message->recipient);
	str_free(&message->kept);
}
