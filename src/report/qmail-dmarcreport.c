/*
 * qmail-dmarcreport.c - tells other domains what was found of mail in their name
 * (RFC 9990).
 * Runs as   the administrator, from cron, once a day.
 * Reads     the log of qmail-verifyd on descriptor 0, with stamps of TAI64N: words of
 *           ours, with names of strangers in them; control/me, reporttime; DNS, hostile;
 *           HOME/report, what was sent.
 * Writes    reports to qmail-queue, and that they were sent; or with -n to descriptor 1.
 * Source    qmail-dmarcreport(8).
 */
#include "dmarcreport.h"
#include "reportrun.h"

static const struct reportrun run = {
	.program = "qmail-dmarcreport",
	.kind = { "_dmarc.", "DMARC1", .needs_consent = true },
	.take = dmarcreport_count_line,
	.add_text = dmarcreport_add_xml,
	.add_mail = dmarcreport_add_mail,
	.may_bounce = dmarcreport_has_letters,
};

int
main(int argc, char **argv)
{
	(void)argc;
	return reportrun_main(&run, argv);
}
