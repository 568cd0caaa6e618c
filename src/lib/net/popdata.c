/*
 * popdata.c - a message as POP3 sends it.
 * Input: hostile
 */
#include "net/popdata.h"

void
popdata_init(struct popdata *data, uint64_t lines)
{
	*data = (struct popdata){ .lines = lines, .is_blank = true };
}

bool
popdata_is_done(const struct popdata *data)
{
	return data->is_body && data->lines == 0;
}

static void
add(struct popdata *data, struct str *wire, struct span bytes)
{
	str_add(wire, bytes);
	data->octets += bytes.len;
}

static void
end_line(struct popdata *data, struct str *wire)
{
	add(data, wire, data->is_cr ? SPAN("\n") : SPAN("\r\n"));
	if (data->is_body && data->lines != POPDATA_ALL)
		data->lines--;
	if (data->is_blank)
		data->is_body = true;
	data->is_inside = data->is_cr = false;
	data->is_blank = true;
}

/* Some bytes of a line, without its LF; not empty. */
static void
add_inside(struct popdata *data, struct span bytes, struct str *wire)
{
	if (!data->is_inside && bytes.s[0] == '.')
		str_add_byte(wire, '.');
	/* Blank is a line that has nothing, or one CR and then its end. */
	data->is_blank =
	    !data->is_inside && bytes.len == 1 && bytes.s[0] == '\r';
	data->is_inside = true;
	data->is_cr = bytes.s[bytes.len - 1] == '\r';
	add(data, wire, bytes);
}

void
popdata_add(struct popdata *data, struct span message, struct str *wire)
{
	while (message.len && !popdata_is_done(data)) {
		size_t len = span_find(message, '\n');

		if (len > 0)
			add_inside(data, span_upto(message, len), wire);
		if (len < message.len)
			end_line(data, wire);
		message = span_from(message, len + 1);
	}
}

void
popdata_end(struct popdata *data, struct str *wire)
{
	if (!data->is_inside)
		return;
	data->is_cr = false; /* a CR at the end is no half of a line end */
	end_line(data, wire);
}
