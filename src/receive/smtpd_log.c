/*
 * smtpd_log.c - what the administrator is told.
 * Input: hostile
 */
#include "smtpd_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define LOG_FD 2

static void
add_quoted(struct str *line, const char *name, struct span value)
{
	static const char digits[] = "0123456789abcdef";

	str_add_z(line, name);
	str_add_z(line, "=\"");
	value = span_upto(value, SMTPD_LOG_VALUE_MAX);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.s[i];

		if (ascii_is_printable((char)c) && c != '"' && c != '\\') {
			str_add_byte(line, (char)c);
			continue;
		}
		str_add_z(line, "\\x");
		str_add_byte(line, digits[c >> 4]);
		str_add_byte(line, digits[c & 15]);
	}
	str_add_byte(line, '"');
}

static void
add_number(struct str *line, const char *name, uint64_t value)
{
	str_add_z(line, name);
	str_add_byte(line, '=');
	str_add_u64(line, value);
}

static void
begin(struct str *line, const struct smtpd *smtpd, const char *event)
{
	str_add_z(line, "smtpd ");
	str_add_z(line, event);
	add_number(line, " pid", (uint64_t)getpid());
	add_quoted(line, " client", smtpd->ip);
}

/* HELO, sender and first recipient, as far as they are known. */
static void
add_envelope(struct str *line, const struct smtpd *smtpd)
{
	struct span first = str_span(&smtpd->recipients);

	if (smtpd->has_helo)
		add_quoted(line, " helo", str_span(&smtpd->helo));
	if (smtpd->has_sender)
		add_quoted(line, " from", str_span(&smtpd->sender));
	if (first.len)
		add_quoted(
		    line, " to", span_upto(first, span_find(first, '\0')));
}

/* Under inetd descriptor 2 is the client. */
static bool
is_client(void)
{
	struct stat log, client;

	return fstat(LOG_FD, &log) < 0 || fstat(1, &client) < 0 ||
	    (log.st_ino == client.st_ino && log.st_dev == client.st_dev);
}

/* The line goes out in one piece: other sessions write there as well. */
static void
finish(struct str *line)
{
	str_add_byte(line, '\n');
	/* Where nobody reads the log, mail goes on. */
	if (!is_client() && fd_write_all(LOG_FD, str_span(line)) < 0)
		str_reset(line);
	str_free(line);
}

void
smtpd_log_refused(struct smtpd *smtpd, const char *reply)
{
	struct str line = STR_INIT;

	if (smtpd->counts.refusals++ >= SMTPD_LOG_REFUSALS)
		return;
	begin(&line, smtpd, "refused");
	if (smtpd->has_helo)
		add_quoted(&line, " helo", str_span(&smtpd->helo));
	if (smtpd->has_sender)
		add_quoted(&line, " from", str_span(&smtpd->sender));
	add_quoted(&line, " address", str_span(&smtpd->address));
	add_quoted(&line, " reply", span_of(reply));
	finish(&line);
}

void
smtpd_log_accepted(struct smtpd *smtpd, uint64_t qp)
{
	struct str line = STR_INIT;

	begin(&line, smtpd, "accepted");
	add_envelope(&line, smtpd);
	add_number(&line, " recipients", smtpd->recipient_count);
	add_number(&line, " size", smtpd->receipt.size);
	add_number(&line, " qp", qp);
	finish(&line);
}

void
smtpd_log_closed(struct smtpd *smtpd, const char *end)
{
	const struct smtpd_counts *counts = &smtpd->counts;
	struct str line = STR_INIT;

	begin(&line, smtpd, "closed");
	add_number(&line, " messages", counts->messages);
	add_number(&line, " recipients", counts->recipients);
	add_number(&line, " bytes", counts->bytes);
	add_number(&line, " refusals", counts->refusals);
	add_number(&line, " seconds",
	    (uint64_t)(clock_monotonic() - smtpd->started) / 1000);
	str_add_z(&line, " end=");
	str_add_z(&line, end);
	finish(&line);
}
