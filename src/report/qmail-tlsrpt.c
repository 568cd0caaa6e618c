/*
 * qmail-tlsrpt.c - tells other domains how it was with TLS to them (RFC 8460).
 * Runs as   the administrator, from cron, once a day.
 * Reads     the log of qmail-send on descriptor 0, with stamps of TAI64N: words of
 *           ours, with names of strangers in them; control/me; DNS, hostile.
 * Writes    reports to qmail-queue, or with -n to descriptor 1.
 * Source    qmail-tlsrpt(8).
 */
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "config/control.h"
#include "config/home.h"
#include "reportmail.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "tlsrpt.h"

#define NAME	   "qmail-tlsrpt"
#define TROUBLE	   111
#define USAGE_EXIT 100
#define DAYS_MAX   3650
#define VERSION	   SPAN("v=TLSRPTv1")

struct tlsrpt {
	struct logcount count;
	struct str me;
	int64_t day, now;
	bool prints, is_incomplete;
};

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(
	    2, SPAN("usage: " NAME " [-n] [days back] < log\n"));
	_exit(USAGE_EXIT);
}

static void
take_arguments(struct tlsrpt *report, char **argv)
{
	uint64_t days = 1;

	argv++;
	if (*argv && span_equal(span_of(*argv), SPAN("-n"))) {
		report->prints = true;
		argv++;
	}
	if (*argv && !scan_u64(span_of(*argv++), DAYS_MAX, &days))
		end_usage();
	if (*argv)
		end_usage();
	report->now = clock_seconds();
	report->day =
	    (report->now / LOGCOUNT_DAY - (int64_t)days) * LOGCOUNT_DAY;
}

/* ---- reports ---- */

static void
send_one(struct tlsrpt *report, const struct tlsrpt_head *head, struct span to,
    struct span json)
{
	struct str text = STR_INIT;

	tlsrpt_add_mail(&text, head, to, json, report->now);
	if (!reportmail_send(NAME, str_span(&text), to))
		report->is_incomplete = true;
	str_free(&text);
}

static void
report_domain(struct tlsrpt *report, size_t first, size_t last)
{
	struct tlsrpt_head head = { .me = str_span(&report->me),
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
	struct tlsrpt report = { .count = LOGCOUNT_INIT };
	size_t first = 0, next;

	(void)argc;
	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	take_arguments(&report, argv);
	if (chdir(home_dir) < 0)
		error_exit(NAME, home_dir);
	if (control_read_line("control/me", &report.me) <= 0)
		error_exit(NAME, "control/me");
	logcount_read(NAME, &report.count, report.day, tlsrpt_count_line);
	for (; first < report.count.keys.len; first = next) {
		next = logcount_next(&report.count, first);
		report_domain(&report, first, next);
	}
	return report.is_incomplete ? TROUBLE : 0;
}
