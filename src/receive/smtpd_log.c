/*
 * smtpd_log.c - what the administrator is told.
 * Input: hostile
 */
#include "smtpd_log.h"

#include "sys/clock.h"
#include "sys/logline.h"

/* HELO, login and sender, as far as they are known. */
static void
add_client(struct str *line, const struct smtpd *smtpd)
{
	if (smtpd->has_helo)
		logline_quoted(line, " helo", str_span(&smtpd->helo));
	if (smtpd->login.name.len)
		logline_quoted(line, " login", str_span(&smtpd->login.name));
	if (smtpd->has_sender)
		logline_quoted(line, " from", str_span(&smtpd->sender));
}

/* These, and the first recipient. */
static void
add_envelope(struct str *line, const struct smtpd *smtpd)
{
	struct span first = str_span(&smtpd->recipients);

	add_client(line, smtpd);
	if (first.len)
		logline_quoted(
		    line, " to", span_upto(first, span_find(first, '\0')));
}

void
smtpd_log_refused(struct smtpd *smtpd, const char *reply)
{
	struct str line = STR_INIT;

	if (smtpd->counts.refusals++ >= SMTPD_LOG_REFUSALS)
		return;
	logline_begin(&line, "smtpd refused", smtpd->ip);
	add_client(&line, smtpd);
	logline_quoted(&line, " address", str_span(&smtpd->address));
	logline_quoted(&line, " reply", span_of(reply));
	logline_end(&line);
}

void
smtpd_log_accepted(struct smtpd *smtpd)
{
	struct str line = STR_INIT;

	logline_begin(&line, "smtpd accepted", smtpd->ip);
	add_envelope(&line, smtpd);
	logline_number(&line, " recipients", smtpd->recipient_count);
	logline_number(&line, " size", smtpd->receipt.size);
	logline_number(&line, " qp", receipt_qp(&smtpd->receipt));
	receipt_log_id(&smtpd->receipt, &line);
	logline_end(&line);
}

void
smtpd_log_closed(struct smtpd *smtpd, const char *end)
{
	const struct smtpd_counts *counts = &smtpd->counts;
	struct str line = STR_INIT;

	logline_begin(&line, "smtpd closed", smtpd->ip);
	logline_number(&line, " messages", counts->messages);
	logline_number(&line, " recipients", counts->recipients);
	logline_number(&line, " bytes", counts->bytes);
	logline_number(&line, " refusals", counts->refusals);
	logline_number(&line, " seconds",
	    (uint64_t)(clock_monotonic() - smtpd->started) / 1000);
	str_add_z(&line, " end=");
	str_add_z(&line, end);
	logline_end(&line);
}
