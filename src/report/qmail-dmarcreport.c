/*
 * qmail-dmarcreport.c - tells other domains what was found of mail in their name
 * (RFC 9990).
 * Runs as   the administrator, from cron, once a day.
 * Reads     the log of qmail-verifyd on descriptor 0, with stamps of TAI64N: words of
 *           ours, with names of strangers in them; control/me; DNS, hostile.
 * Writes    reports to qmail-queue, or with -n to descriptor 1.
 * Source    qmail-dmarcreport(8).
 */
#include "dmarcreport.h"
#include "mail/address.h"
#include "reportmail.h"
#include "sys/error.h"
#include "sys/fd.h"

#define NAME	"qmail-dmarcreport"
#define TROUBLE 111
#define VERSION SPAN("v=DMARC1")

/* Whether one name is the other, or below it. */
static bool
is_within(struct span name, struct span other)
{
	if (span_equal_nocase(name, other))
		return true;
	return name.len > other.len && span_ends_nocase(name, other) &&
	    name.s[name.len - other.len - 1] == '.';
}

static int
find(struct reporting *reporting, struct span name, struct str *record)
{
	int found = reportmail_find(NAME, name, VERSION, record);

	reporting->is_incomplete = reporting->is_incomplete || found < 0;
	return found;
}

/* Whether an address of another organization wants reports on the domain: else nobody
 * could be kept from having them sent to a stranger (RFC 9990). */
static bool
is_willing(struct reporting *reporting, struct span domain, struct span address)
{
	struct span other = address_domain(address);
	struct str name = STR_INIT, record = STR_INIT;
	bool result;

	if (is_within(domain, other) || is_within(other, domain))
		return true;
	str_add(&name, domain);
	str_add_z(&name, "._report._dmarc.");
	str_add(&name, other);
	result = find(reporting, str_span(&name), &record) > 0;
	str_free(&name);
	str_free(&record);
	return result;
}

static void
send_to_all(struct reporting *reporting, const struct reportmail_head *head,
    struct span xml)
{
	struct str record = STR_INIT, name = STR_INIT, mail = STR_INIT;
	struct span rest, address;
	size_t sent = 0;

	str_add_z(&name, "_dmarc.");
	str_add(&name, head->domain);
	if (find(reporting, str_span(&name), &record) <= 0)
		goto done;
	rest = str_span(&record);
	while (sent++ < REPORTMAIL_MAX &&
	    reportmail_next_address(&rest, VERSION, &address)) {
		if (!is_willing(reporting, head->domain, address))
			continue;
		str_reset(&mail);
		dmarcreport_add_mail(&mail, head, address, xml, reporting->now);
		if (!reportmail_send(NAME, str_span(&mail), address))
			reporting->is_incomplete = true;
	}
done:
	str_free(&record);
	str_free(&name);
	str_free(&mail);
}

static void
report_domain(struct reporting *reporting, size_t first, size_t last)
{
	struct reportmail_head head = { .me = str_span(&reporting->me),
		.domain =
		    dmarcreport_count_get(&reporting->count, first).domain,
		.day = reporting->day };
	struct str xml = STR_INIT;

	dmarcreport_add_xml(&xml, &head, &reporting->count, first, last);
	if (!reporting->prints)
		send_to_all(reporting, &head, str_span(&xml));
	else if (fd_write_all(1, str_span(&xml)) < 0)
		error_exit(NAME, "the report");
	str_free(&xml);
}

int
main(int argc, char **argv)
{
	struct reporting reporting;

	(void)argc;
	reporting_begin(&reporting, NAME, argv);
	logcount_read(
	    NAME, &reporting.count, reporting.day, dmarcreport_count_line);
	for (size_t first = 0, next; first < reporting.count.keys.len;
	     first = next) {
		next = logcount_next(&reporting.count, first);
		report_domain(&reporting, first, next);
	}
	return reporting.is_incomplete ? TROUBLE : 0;
}
