/*
 * netstring.c - netstrings.
 * Input: hostile
 */
#include "net/netstring.h"

#include <errno.h>

#include "base/ascii.h"

/* One byte.  1; 0 at the end of input, or of the outer one; -1 with errno. */
static int
read_byte(struct netstring *outer, char *byte)
{
	int got;

	if (outer->left == 0)
		return 0;
	got = in_read_byte(outer->in, byte);
	if (got > 0 && outer->left != UINT64_MAX)
		outer->left--;
	return got;
}

/* The same where there must be one. */
static int
expect_byte(struct netstring *outer, char *byte)
{
	int got;

	if (outer->left == 0) {
		errno = EBADMSG;
		return -1;
	}
	got = read_byte(outer, byte);
	if (got == 0)
		errno = EPROTO;
	return got > 0 ? 1 : -1;
}

static int
fail(int number)
{
	errno = number;
	return -1;
}

int
netstring_read_length(struct netstring *outer, uint64_t max, uint64_t *length)
{
	char c;
	int got = read_byte(outer, &c);

	if (got <= 0)
		return got;
	if (!ascii_is_digit(c))
		return fail(EBADMSG);
	*length = (uint64_t)(c - '0');
	while (expect_byte(outer, &c) > 0) {
		if (c == ':')
			return *length > outer->left ? fail(EBADMSG) : 1;
		if (!ascii_is_digit(c) || *length == 0)
			return fail(EBADMSG);
		if (*length > (max - (uint64_t)(c - '0')) / 10)
			return fail(EMSGSIZE);
		*length = *length * 10 + (uint64_t)(c - '0');
	}
	return -1;
}

int
netstring_read_some(
    struct netstring *outer, uint64_t length, struct span *bytes)
{
	int got = in_peek(outer->in, bytes);

	if (got == 0)
		errno = EPROTO;
	if (got <= 0)
		return -1;
	if (length < bytes->len)
		*bytes = span_upto(*bytes, (size_t)length);
	return 1;
}

void
netstring_take(struct netstring *outer, size_t length)
{
	in_consume(outer->in, length);
	if (outer->left != UINT64_MAX)
		outer->left -= length;
}

int
netstring_read_end(struct netstring *outer)
{
	char c;

	if (expect_byte(outer, &c) < 0)
		return -1;
	return c == ',' ? 1 : fail(EBADMSG);
}

int
netstring_read(struct netstring *outer, uint64_t max, struct str *bytes)
{
	uint64_t length;
	int got = netstring_read_length(outer, max, &length);

	str_reset(bytes);
	if (got <= 0)
		return got;
	while (length) {
		struct span piece;

		if (netstring_read_some(outer, length, &piece) < 0)
			return -1;
		str_add(bytes, piece);
		length -= piece.len;
		netstring_take(outer, piece.len);
	}
	return netstring_read_end(outer);
}

void
netstring_add_length(struct str *text, uint64_t length)
{
	str_add_u64(text, length);
	str_add_byte(text, ':');
}

void
netstring_add(struct str *text, struct span bytes)
{
	netstring_add_length(text, bytes.len);
	str_add(text, bytes);
	str_add_byte(text, ',');
}
