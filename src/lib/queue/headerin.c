/*
 * headerin.c - the header of a message that is being read.
 * Input: hostile
 */
#include "queue/headerin.h"

#include <errno.h>

#include "base/ascii.h"
#include "mail/header.h"

int
headerin_read(struct in *in, size_t max, struct str *header, struct str *line)
{
	int got;

	for (;;) {
		size_t left = max - header->len;

		str_reset(line);
		if (left == 0) {
			errno = EMSGSIZE;
			return -1;
		}
		got = in_read_until(in, '\n', line, left);
		if (got < 0)
			return -1;
		if (got == 0 && line->len)
			str_add_byte(line, '\n'); /* the last has no end */
		if (line->len == 0 ||
		    (header_name(str_span(line), NULL).len == 0 &&
			!(header->len && ascii_is_blank(line->s[0]))))
			return 0;
		str_add(header, str_span(line));
		if (got == 0) {
			str_reset(line);
			return 0;
		}
	}
}

bool
headerin_next(struct span *rest, struct span *field)
{
	size_t len = 0;

	if (rest->len == 0)
		return false;
	do
		len += span_find(span_from(*rest, len), '\n') + 1;
	while (len < rest->len && ascii_is_blank(rest->s[len]));
	*field = span_upto(*rest, len);
	*rest = span_from(*rest, len);
	return true;
}
