/*
 * smtpd_line.c - reads a line, in time.
 * Input: hostile
 */
#include "smtpd.h"

#include <errno.h>

#include "smtpd_reply.h"
#include "sys/clock.h"

#define MS 1000

/* When a command must be here, seconds from now; never later than the session
 * may last. */
static int64_t
end_at(const struct smtpd *smtpd, int64_t seconds)
{
	int64_t end = clock_monotonic() + seconds * MS;

	return end > smtpd->session_end ? smtpd->session_end : end;
}

/* Passes over what is left of a line that is too long. */
static void
skip_line(struct smtpd *smtpd)
{
	struct span bytes;
	size_t end;
	int got;

	do {
		got = in_peek(&smtpd->in, &bytes);
		if (got <= 0)
			smtpd_end_by_errno(smtpd, got ? errno : 0);
		end = span_find(bytes, '\n');
		in_consume(&smtpd->in, end < bytes.len ? end + 1 : bytes.len);
	} while (end == bytes.len);
}

void
smtpd_read_line(struct smtpd *smtpd, struct str *line, size_t max)
{
	int64_t end = end_at(
	    smtpd, (int64_t)smtpd->limits.timeout + SMTPD_COMMAND_SECONDS);
	int got;

	str_reset(line);
	in_set_deadline(&smtpd->in, end);
	out_set_deadline(&smtpd->out, end);
	got = in_read_until(&smtpd->in, '\n', line, max + 1);
	if (got < 0 && errno == EMSGSIZE) {
		skip_line(smtpd);
		return;
	}
	if (got <= 0)
		smtpd_end_by_errno(smtpd, got ? errno : 0);
	str_cut(line, line->len - 1);
	if (span_ends(str_span(line), SPAN("\r")))
		str_cut(line, line->len - 1);
}
