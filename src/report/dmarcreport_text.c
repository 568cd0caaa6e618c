/*
 * dmarcreport_text.c - a report on DMARC (RFC 9990).
 * Input: names of strangers
 */
#include "base/markup.h"
#include "dmarcreport.h"
#include "mail/date.h"

#define BOUNDARY  "=-dmarc-report-="
#define NAMESPACE "urn:ietf:params:xml:ns:dmarc-2.0"

/* ---- XML ---- */

static void
add_element(struct str *text, const char *name, struct span value)
{
	markup_add_element(text, name, value);
	str_add_byte(text, '\n');
}

static void
add_number(struct str *text, const char *name, uint64_t number)
{
	struct str value = STR_INIT;

	str_add_u64(&value, number);
	add_element(text, name, str_span(&value));
	str_free(&value);
}

static void
add_id(struct str *text, const struct reportmail_head *head)
{
	str_add_u64(text, (uint64_t)head->day);
	str_add_byte(text, '.');
	str_add(text, head->domain);
	str_add_byte(text, '@');
	str_add(text, head->me);
}

static void
add_metadata(struct str *text, const struct reportmail_head *head)
{
	struct str value = STR_INIT;

	str_add_z(text, "<report_metadata>\n");
	add_element(text, "org_name", head->me);
	add_element(text, "email", head->from);
	add_id(&value, head);
	add_element(text, "report_id", str_span(&value));
	str_add_z(text, "<date_range>\n");
	add_number(text, "begin", (uint64_t)head->day);
	add_number(text, "end", (uint64_t)(head->day + LOGCOUNT_DAY - 1));
	str_add_z(text, "</date_range>\n");
	add_element(text, "generator", SPAN("Angarium"));
	str_add_z(text, "</report_metadata>\n");
	str_free(&value);
}

static void
add_published(struct str *text, struct span domain,
    const struct dmarcreport_policy *policy)
{
	str_add_z(text, "<policy_published>\n");
	add_element(text, "domain", domain);
	add_element(text, "p", policy->p);
	add_element(text, "sp", policy->sp);
	add_element(text, "np", policy->np);
	add_element(text, "adkim", policy->adkim);
	add_element(text, "aspf", policy->aspf);
	add_element(text, "discovery_method", SPAN("treewalk"));
	add_element(text, "testing", policy->test);
	str_add_z(text, "</policy_published>\n");
}

/* "pass:domain:selector" */
static void
add_signature(struct str *text, struct span signature)
{
	struct span result = SPAN(""), domain = SPAN("");

	(void)!span_cut_next(&signature, ':', &result);
	(void)!span_cut_next(&signature, ':', &domain);
	if (domain.len == 0)
		return;
	str_add_z(text, "<dkim>\n");
	add_element(text, "domain", domain);
	add_element(text, "selector", signature);
	add_element(text, "result", result);
	str_add_z(text, "</dkim>\n");
}

static void
add_row(struct str *text, const struct dmarcreport_row *row)
{
	str_add_z(text, "<record>\n<row>\n");
	add_element(text, "source_ip", row->ip);
	add_number(text, "count", row->count);
	str_add_z(text, "<policy_evaluated>\n");
	add_element(text, "disposition", row->disposition);
	add_element(text, "dkim", row->dkim);
	add_element(text, "spf", row->spf);
	if (row->reason.len) {
		str_add_z(text, "<reason>\n");
		add_element(text, "type", row->reason);
		str_add_z(text, "</reason>\n");
	}
	str_add_z(text, "</policy_evaluated>\n</row>\n<identifiers>\n");
	add_element(text, "header_from", row->from);
	add_element(text, "envelope_from", row->envelope);
	str_add_z(text, "</identifiers>\n<auth_results>\n");
	for (size_t i = 0; i < DMARCREPORT_SIGNATURES; i++)
		add_signature(text, row->signatures[i]);
	str_add_z(text, "<spf>\n");
	add_element(text, "domain", row->identity);
	/* Of HELO there is no word any more. */
	if (span_equal(row->scope, SPAN("mfrom")))
		add_element(text, "scope", row->scope);
	add_element(text, "result", row->result);
	str_add_z(text, "</spf>\n</auth_results>\n</record>\n");
}

void
dmarcreport_add_xml(struct str *text, const struct reportmail_head *head,
    const struct logcount *count, size_t first, size_t last)
{
	struct dmarcreport_policy policy =
	    dmarcreport_count_policy(count, first);

	str_add_z(text,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<feedback xmlns=\"" NAMESPACE "\">\n<version>1.0</version>\n");
	add_metadata(text, head);
	add_published(text, head->domain, &policy);
	for (; first < last; first++) {
		struct dmarcreport_row row =
		    dmarcreport_count_get(count, first);

		add_row(text, &row);
	}
	str_add_z(text, "</feedback>\n");
}

/* ---- a message ---- */

static void
add_head(struct str *text, const struct reportmail_head *head, struct span to,
    int64_t now)
{
	struct str id = STR_INIT;

	add_id(&id, head);
	reportmail_add_fields(text, head, to, str_span(&id), "dmarc", now);
	str_add_z(text,
	    "Auto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed;\n boundary=\"" BOUNDARY "\"\n\n");
	str_free(&id);
}

void
dmarcreport_add_mail(struct str *text, const struct reportmail_head *head,
    struct span to, struct span packed, int64_t now)
{
	add_head(text, head, to, now);
	str_add_z(text,
	    "--" BOUNDARY "\nContent-Type: text/plain; charset=us-ascii\n\n"
	    "What ");
	str_add(text, head->me);
	str_add_z(text, " has found of mail in the name of ");
	str_add(text, head->domain);
	str_add_z(text, " in a day\n(RFC 9990).\n\n--" BOUNDARY "\n");
	reportmail_add_attachment(
	    text, head, "application/gzip", ".xml.gz", packed);
	str_add_z(text, "\n--" BOUNDARY "--\n");
}
