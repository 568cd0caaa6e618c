/* smtpdata.c - a message as SMTP sends it.  Input: hostile. */
#include "net/smtpdata.h"

/* The bytes up to the first CR or LF.  cr is the place of the next CR, which
 * is searched for once and not once for each line, and no LF behind it. */
static size_t
find_end(struct span rest, size_t done, size_t cr)
{
	return span_find(span_upto(rest, cr - done), '\n');
}

void
smtpdata_encode(struct smtpdata *data, struct span message, struct str *wire)
{
	size_t done = 0, cr = span_find(message, '\r');
	size_t start = wire->len, dots = 0;

	str_reserve(wire, message.len + message.len / 16 + 64);
	if (data->is_cr && message.len && message.s[0] == '\n')
		done = 1;
	if (message.len)
		data->is_cr = false;
	while (done < message.len) {
		struct span rest = span_from(message, done);
		size_t end = find_end(rest, done, cr);

		if (!data->is_inside && rest.s[0] == '.') {
			str_add_byte(wire, '.');
			dots++;
		}
		str_add(wire, span_upto(rest, end));
		data->is_inside = true;
		done += end;
		if (done == message.len)
			break;
		str_add(wire, SPAN("\r\n"));
		data->is_inside = false;
		if (message.s[done] == '\r') {
			data->is_cr = done + 1 == message.len;
			if (!data->is_cr && message.s[done + 1] == '\n')
				done++;
			cr = done + 1 +
			    span_find(span_from(message, done + 1), '\r');
		}
		done++;
	}
	data->size += wire->len - start - dots;
}

void
smtpdata_finish(struct smtpdata *data, struct str *wire)
{
	if (!data->is_inside)
		return;
	str_add(wire, SPAN("\r\n"));
	data->size += 2;
	data->is_inside = false;
}
