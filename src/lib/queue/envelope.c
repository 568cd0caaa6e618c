/*
 * envelope.c - envelopes.
 * Input: hostile
 */
#include "queue/envelope.h"

#include <errno.h>

#include "base/fmt.h"
#include "base/scan.h"

int
envelope_next(
    struct in *in, const char *allowed, char *letter, struct str *value)
{
	int got;

	if ((got = in_read_byte(in, letter)) > 0) {
		str_reset(value);
		if (*letter == '\0')
			return 0;
		if (allowed && !span_has(span_of(allowed), *letter)) {
			errno = EBADMSG;
			return -1;
		}
		got = in_read_until(in, '\0', value, ENVELOPE_ADDRESS_MAX + 1);
	}
	if (got == 0)
		errno = EPROTO;
	if (got <= 0)
		return -1;
	str_cut(value, value->len - 1);
	return 0;
}

static int
read_number(
    struct in *in, const char *wanted, struct str *scratch, uint64_t *number)
{
	char letter;

	if (envelope_next(in, wanted, &letter, scratch) < 0)
		return -1;
	if (letter && scan_u64(str_span(scratch), UINT32_MAX, number))
		return 0;
	errno = EBADMSG;
	return -1;
}

int
envelope_read_head(
    struct in *in, uint64_t *uid, uint64_t *pid, struct str *sender)
{
	char letter;

	if (read_number(in, "u", sender, uid) < 0 ||
	    read_number(in, "p", sender, pid) < 0 ||
	    envelope_next(in, "F", &letter, sender) < 0)
		return -1;
	if (letter)
		return 0;
	errno = EBADMSG;
	return -1;
}

void
envelope_add(struct out *out, char letter, struct span value)
{
	(void)out_add(out, span_make(&letter, 1));
	(void)out_add(out, value);
	envelope_add_end(out);
}

void
envelope_add_number(struct out *out, char letter, uint64_t number)
{
	char digits[FMT_U64_MAX];

	envelope_add(out, letter, span_make(digits, fmt_u64(digits, number)));
}

void
envelope_add_end(struct out *out)
{
	(void)out_add(out, span_make("\0", 1));
}
