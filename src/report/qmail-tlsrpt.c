/*
 * qmail-tlsrpt.c - tells other domains how it was with TLS to them (RFC 8460).
 * Runs as   the administrator, from cron, once a day.
 * Reads     the log of qmail-send on descriptor 0, with stamps of TAI64N: words of
 *           ours, with names of strangers in them; control/me; DNS, hostile.
 * Writes    reports to qmail-queue, or with -n to descriptor 1.
 * Source    qmail-tlsrpt(8).
 */
#include "reportmail.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "tlsrpt.h"

#define NAME	"qmail-tlsrpt"
#define TROUBLE 111
#define VERSION SPAN("v=TLSRPTv1")

/* ---- reports ---- */

static void
send_one(struct reporting *report, const struct reportmail_head *head,
    struct span to, struct span json)
{
	struct str text = STR_INIT;

	tlsrpt_add_mail(&text, head, to, json, report->now);
	if (!reportmail_send(NAME, str_span(&text), to))
		report->is_incomplete = true;
	str_free(&text);
}

static void
report_domain(struct reporting *report, size_t first, size_t last)
{
	struct reportmail_head head = { .me = str_span(&report->me),
		.domain = tlsrpt_count_get(&report->count, first).domain,
		.day = report->day };
	struct str json = STR_INIT, record = STR_INIT, name = STR_INIT;
	struct span rest, address;
	size_t sent = 0;
	int found;

	tlsrpt_add_json(&json, &head, &report->count, first, last);
	if (report->prints) {
		if (fd_write_all(1, str_span(&json)) < 0)
			error_exit(NAME, "the report");
	} else {
		str_add_z(&name, "_smtp._tls.");
		str_add(&name, head.domain);
		found =
		    reportmail_find(NAME, str_span(&name), VERSION, &record);
		report->is_incomplete = report->is_incomplete || found < 0;
		rest = str_span(&record);
		while (found > 0 && sent++ < REPORTMAIL_MAX &&
		    reportmail_next_address(&rest, VERSION, &address))
			send_one(report, &head, address, str_span(&json));
	}
	str_free(&json);
	str_free(&record);
	str_free(&name);
}

int
main(int argc, char **argv)
{
	struct reporting report;
	size_t first = 0, next;

	(void)argc;
	reporting_begin(&report, NAME, argv);
	logcount_read(NAME, &report.count, report.day, tlsrpt_count_line);
	for (; first < report.count.keys.len; first = next) {
		next = logcount_next(&report.count, first);
		report_domain(&report, first, next);
	}
	return report.is_incomplete ? TROUBLE : 0;
}
