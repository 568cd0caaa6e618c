/*
 * envelope.c - envelopes.
 * Input: hostile
 */
#include "queue/envelope.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fmt.h"
#include "base/scan.h"
#include "mail/dsn.h"

enum envelope_submission
envelope_submission(void)
{
	const char *setting = getenv(ENVELOPE_SUBMITTED_SETTING);

	if (setting && *setting)
		return ENVELOPE_RESENT;
	return setting || getenv("RELAYCLIENT") ? ENVELOPE_SUBMITTED
						: ENVELOPE_RELAYED;
}

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

/* The letters that may follow one. */
static const char *
allowed_after(char letter)
{
	switch (letter) {
	case ENVELOPE_END:
		return "F";
	case ENVELOPE_SENDER:
		return "ERT";
	case ENVELOPE_PARAMETERS:
	case ENVELOPE_RECIPIENT:
		return "RT";
	default:
		return "T";
	}
}

/* Whether a record says what its letter promises. */
static bool
is_sound(char letter, struct span value)
{
	struct dsn_envelope envelope;
	struct dsn_recipient recipient;

	if (letter == ENVELOPE_PARAMETERS)
		return dsn_parse_envelope(value, &envelope);
	return letter != ENVELOPE_RECIPIENT_PARAMETERS ||
	    dsn_parse_recipient(value, &recipient);
}

int
envelope_next_in_order(struct in *in, char *letter, struct str *value)
{
	char before = *letter;

	if (envelope_next(in, allowed_after(before), letter, value) < 0)
		return -1;
	if ((*letter == ENVELOPE_END &&
		(before == ENVELOPE_END ||
		    before == ENVELOPE_RECIPIENT_PARAMETERS)) ||
	    !is_sound(*letter, str_span(value))) {
		errno = EBADMSG;
		return -1;
	}
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
