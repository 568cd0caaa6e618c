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
#include "net/dns.h"
#include "queue/inject.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/in.h"
#include "sys/signal.h"
#include "tlsrpt.h"

#define NAME	    "qmail-tlsrpt"
#define TROUBLE	    111
#define USAGE_EXIT  100
#define LINE_MAX_IN 8192 /* bytes; the rest of a longer line is passed over */
#define BUFFER	    65536
#define DAYS_MAX    3650
#define REPORTS_MAX 4	  /* for a domain; RFC 8460 3 asks for no more */
#define DNS_MS	    20000 /* for a domain */

struct tlsrpt {
	struct tlsrpt_count count;
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
	report->day = (report->now / TLSRPT_DAY - (int64_t)days) * TLSRPT_DAY;
}

/* ---- the log ---- */

static void
read_log(struct tlsrpt *report)
{
	static char buffer[BUFFER];
	struct str line = STR_INIT;
	struct span bytes;
	struct in in;
	int got;

	in_init(&in, 0, buffer, sizeof(buffer));
	while ((got = in_peek(&in, &bytes)) > 0) {
		size_t end = span_find(bytes, '\n');

		if (line.len < LINE_MAX_IN)
			str_add(&line, span_upto(bytes, end));
		if (end < bytes.len) {
			tlsrpt_count_line(&report->count,
			    span_upto(str_span(&line), LINE_MAX_IN),
			    report->day);
			str_reset(&line);
		}
		in_consume(&in, end < bytes.len ? end + 1 : end);
	}
	if (got < 0)
		error_exit(NAME, "the log");
	str_free(&line);
	tlsrpt_count_sort(&report->count);
	if (report->count.left_out)
		error_warn(
		    NAME, "too many kinds of sessions; some are left out");
}

/* ---- who wants to know ---- */

/* What a domain says of reports: exactly one record counts. */
static bool
find_record(struct tlsrpt *report, struct span domain, struct str *record)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str name = STR_INIT, text = STR_INIT;
	struct dnsname asked;
	struct dns dns;
	size_t found = 0;

	str_add_z(&name, "_smtp._tls.");
	str_add(&name, domain);
	dns_open(&dns, clock_monotonic() + DNS_MS);
	if (dnsname_parse(str_span(&name), &asked))
		switch (dns_ask(&dns, &asked, DNS_TXT, &answer)) {
		case DNS_FOUND:
			break;
		case DNS_FAILED:
			error_warn(NAME, str_z(&name));
			report->is_incomplete = true;
			break;
		default:
			break;
		}
	for (size_t i = 0; i < answer.records.list.len; i++) {
		str_reset(&text);
		dnspacket_text(&text, str_span(&answer.packet),
		    &answer.records.list.at[i]);
		if (tlsrpt_is_record(str_span(&text)) && found++ == 0)
			str_set(record, str_span(&text));
	}
	dnsanswer_free(&answer);
	str_free(&name);
	str_free(&text);
	return found == 1;
}

static void
send_one(struct tlsrpt *report, const struct tlsrpt_head *head, struct span to,
    struct span json)
{
	struct str text = STR_INIT;
	struct inject inject;
	bool is_sent = false;

	tlsrpt_add_mail(&text, head, to, json, report->now);
	if (inject_open(&inject, home_dir, INJECT_SUBMITTED) == 0) {
		inject_message(&inject, str_span(&text));
		inject_sender(&inject, SPAN(""));
		inject_recipient(&inject, to);
		is_sent = inject_close(&inject).letter == VERDICT_ACCEPTED;
	}
	if (!is_sent) {
		error_warn(NAME, "a report could not be queued");
		report->is_incomplete = true;
	}
	str_free(&text);
}

/* ---- reports ---- */

static void
report_domain(struct tlsrpt *report, size_t first, size_t last)
{
	struct tlsrpt_head head = { .me = str_span(&report->me),
		.domain = tlsrpt_count_get(&report->count, first).domain,
		.day = report->day };
	struct str json = STR_INIT, record = STR_INIT;
	struct span rest, address;
	size_t sent = 0;

	tlsrpt_add_json(&json, &head, &report->count, first, last);
	if (report->prints) {
		if (fd_write_all(1, str_span(&json)) < 0)
			error_exit(NAME, "the report");
	} else if (find_record(report, head.domain, &record)) {
		rest = str_span(&record);
		while (sent++ < REPORTS_MAX &&
		    tlsrpt_next_address(&rest, &address))
			send_one(report, &head, address, str_span(&json));
	}
	str_free(&json);
	str_free(&record);
}

int
main(int argc, char **argv)
{
	struct tlsrpt report = { .count = TLSRPT_COUNT_INIT };
	size_t first = 0, next;

	(void)argc;
	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	take_arguments(&report, argv);
	if (chdir(home_dir) < 0)
		error_exit(NAME, home_dir);
	if (control_read_line("control/me", &report.me) <= 0)
		error_exit(NAME, "control/me");
	read_log(&report);
	for (; first < report.count.keys.len; first = next) {
		struct span domain =
		    tlsrpt_count_get(&report.count, first).domain;

		next = first + 1;
		while (next < report.count.keys.len &&
		    span_equal(
			tlsrpt_count_get(&report.count, next).domain, domain))
			next++;
		report_domain(&report, first, next);
	}
	return report.is_incomplete ? TROUBLE : 0;
}
