/* smtpdata.c - a message as SMTP sends it.  Input: hostile. */
#include "net/smtpdata.h"

#include <string.h>

#define ROOM_BEHIND 16 /* for the end of the message, and QUIT */

#define EACH(byte) (UINT64_MAX / 255 * (unsigned char)(byte))

/* Whether one of the eight bytes in word is the one of which all in pattern
 * are: only a byte of 0 borrows and had no high bit. */
static bool
has_byte(uint64_t word, uint64_t pattern)
{
	word ^= pattern;
	return ((word - EACH('\1')) & ~word & EACH('\x80')) != 0;
}

/* Copies bytes up to the first CR or LF, or all.  Returns how many. */
static size_t
copy_inside(char *to, const char *from, size_t len)
{
	size_t i = 0;

	/* Eight at a time: searching and copying are one. */
	for (uint64_t word; len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, from + i, sizeof(word));
		if (has_byte(word, EACH('\n')) || has_byte(word, EACH('\r')))
			break;
		memcpy(to + i, &word, sizeof(word));
	}
	for (; i < len && from[i] != '\n' && from[i] != '\r'; i++)
		to[i] = from[i];
	return i;
}

void
smtpdata_encode(struct smtpdata *data, struct span message, struct str *wire)
{
	size_t start = wire->len, dots = 0, done = 0;
	char *to;

	if (message.len == 0)
		return;
	str_reserve(wire, 2 * message.len + ROOM_BEHIND);
	to = wire->s + start;
	if (data->is_cr && message.s[0] == '\n')
		done = 1;
	data->is_cr = false;
	while (done < message.len) {
		const char *from = message.s + done;
		size_t len;

		if (!data->is_inside && *from == '.') {
			*to++ = '.';
			dots++;
		}
		len = copy_inside(to, from, message.len - done);
		data->is_inside = true;
		to += len;
		done += len;
		if (done == message.len)
			break;
		*to++ = '\r';
		*to++ = '\n';
		data->is_inside = false;
		if (message.s[done++] != '\r')
			continue;
		data->is_cr = done == message.len;
		if (!data->is_cr && message.s[done] == '\n')
			done++;
	}
	wire->len = (size_t)(to - wire->s);
	*to = '\0';
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
