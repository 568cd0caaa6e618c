/* reportmail.c - reports to other domains.  Input: DNS, hostile */
#include "reportmail.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"
#include "config/control.h"
#include "config/home.h"
#include "mail/date.h"
#include "net/dns.h"
#include "queue/inject.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/signal.h"

#define TROUBLE	   111
#define USAGE_EXIT 100
#define DAYS_MAX   3650
#define DNS_MS	   20000 /* for a domain */

/* ---- a run ---- */

NORETURN static void
end_usage(const char *program)
{
	fprintf(stderr, "usage: %s [-n] [days back] < log\n", program);
	_exit(USAGE_EXIT);
}

static void
take_arguments(struct reporting *reporting, char **argv)
{
	uint64_t days = 1;

	argv++;
	if (*argv && span_equal(span_of(*argv), SPAN("-n"))) {
		reporting->prints = true;
		argv++;
	}
	if (*argv && !scan_u64(span_of(*argv++), DAYS_MAX, &days))
		end_usage(reporting->program);
	if (*argv)
		end_usage(reporting->program);
	reporting->now = clock_seconds();
	reporting->day =
	    (reporting->now / LOGCOUNT_DAY - (int64_t)days) * LOGCOUNT_DAY;
}

void
reporting_begin(struct reporting *reporting, const char *program, char **argv)
{
	*reporting =
	    (struct reporting){ .program = program, .count = LOGCOUNT_INIT };
	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	take_arguments(reporting, argv);
	if (chdir(home_dir) < 0)
		error_exit(program, home_dir);
	if (control_read_line("control/me", &reporting->me) <= 0)
		error_exit(program, "control/me");
}

/* ---- a message ---- */

void
reportmail_add_name(
    struct str *text, const struct reportmail_head *head, const char *ending)
{
	str_add(text, head->me);
	str_add_byte(text, '!');
	str_add(text, head->domain);
	str_add_byte(text, '!');
	str_add_u64(text, (uint64_t)head->day);
	str_add_byte(text, '!');
	str_add_u64(text, (uint64_t)(head->day + LOGCOUNT_DAY - 1));
	str_add_z(text, ending);
}

void
reportmail_add_fields(struct str *text, const struct reportmail_head *head,
    struct span to, struct span id, const char *word, int64_t now)
{
	str_add_z(text, "Date: ");
	date_add_utc(text, now);
	str_add_z(text, "\nFrom: postmaster@");
	str_add(text, head->me);
	str_add_z(text, "\nTo: ");
	str_add(text, to);
	str_add_z(text, "\nMessage-ID: <");
	date_add_digits(text, now);
	str_add_byte(text, '.');
	str_add_z(text, word);
	str_add_byte(text, '.');
	str_add(text, id);
	str_add_z(text, ">\nSubject: Report Domain: ");
	str_add(text, head->domain);
	str_add_z(text, "\n Submitter: ");
	str_add(text, head->me);
	str_add_z(text, "\n Report-ID: <");
	str_add(text, id);
	str_add_z(text, ">\n");
}

/* ---- who wants it ---- */

/* Whether a TXT record is one of this version. */
static bool
is_record(struct span text, struct span version)
{
	struct span word;

	return span_cut_next(&text, ';', &word) &&
	    span_equal(span_trim(word), version);
}

int
reportmail_find(const char *program, struct span name, struct span version,
    struct str *record)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str text = STR_INIT;
	struct dnsname asked;
	struct dns dns;
	int found = 0;

	dns_open(&dns, clock_monotonic() + DNS_MS);
	if (dnsname_parse(name, &asked) &&
	    dns_ask(&dns, &asked, DNS_TXT, &answer) == DNS_FAILED) {
		str_set(&text, name);
		error_warn(program, str_z(&text));
		found = -1;
	}
	for (size_t i = 0; i < answer.records.list.len; i++) {
		str_reset(&text);
		dnspacket_text(&text, str_span(&answer.packet),
		    &answer.records.list.at[i]);
		if (is_record(str_span(&text), version) && found++ == 0)
			str_set(record, str_span(&text));
	}
	dnsanswer_free(&answer);
	str_free(&text);
	return found > 1 ? 0 : found;
}

/* Whether it can be written into an envelope and a field as it is. */
static bool
is_address(struct span address)
{
	size_t at = span_find(address, '@');

	for (size_t i = 0; i < address.len; i++) {
		char c = address.s[i];

		if (!ascii_is_alnum(c) && !span_has(SPAN("@.-_+="), c))
			return false;
	}
	return at > 0 && at + 1 < address.len &&
	    !span_has(span_from(address, at + 1), '@');
}

bool
reportmail_next_address(
    struct span *rest, struct span version, struct span *address)
{
	const struct span mailto = SPAN("mailto:"), rua = SPAN("rua");
	struct span word;

	if (span_starts(*rest, version))
		while (span_cut_next(rest, ';', &word)) {
			size_t equals = span_find(word, '=');

			if (span_equal_nocase(
				span_trim(span_upto(word, equals)), rua)) {
				*rest = span_from(word, equals + 1);
				break;
			}
		}
	while (span_cut_next(rest, ',', &word)) {
		word = span_trim(word);
		word = span_upto(word, span_find(word, '!'));
		if (!span_starts_nocase(word, mailto))
			continue;
		*address = span_from(word, mailto.len);
		if (is_address(*address))
			return true;
	}
	return false;
}

bool
reportmail_send(const char *program, struct span text, struct span to)
{
	struct inject inject;
	bool is_sent = false;

	if (inject_open(&inject, home_dir, INJECT_SUBMITTED) == 0) {
		inject_message(&inject, text);
		inject_sender(&inject, SPAN(""));
		inject_recipient(&inject, to);
		is_sent = inject_close(&inject).letter == VERDICT_ACCEPTED;
	}
	if (!is_sent)
		error_warn(program, "a report could not be queued");
	return is_sent;
}
