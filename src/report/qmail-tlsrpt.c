/*
 * qmail-tlsrpt.c - tells other domains how it was with TLS to them (RFC 8460).
 * Runs as   the administrator, from cron, once a day.
 * Reads     the log of qmail-send on descriptor 0, with stamps of TAI64N: words of
 *           ours, with names of strangers in them; control/me, reporttime; DNS, hostile;
 *           HOME/report, what was sent.
 * Writes    reports to qmail-queue, and that they were sent; or with -n to descriptor 1.
 * Source    qmail-tlsrpt(8).
 */
#include "reportrun.h"
#include "tlsrpt.h"

static const struct reportrun run = {
	.program = "qmail-tlsrpt",
	.kind = { "_smtp._tls.", "TLSRPTv1", .needs_consent = false },
	.take = tlsrpt_count_line,
	.add_text = tlsrpt_add_json,
	.add_mail = tlsrpt_add_mail,
};

int
main(int argc, char **argv)
{
	(void)argc;
	return reportrun_main(&run, argv);
}
