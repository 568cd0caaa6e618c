/*
 * dmarcreport_text.c - a report on DMARC (RFC 9990).
 * Input: names of strangers
 */
#include "base/ascii.h"
#include "base/base64.h"
#include "dmarcreport.h"
#include "mail/date.h"

#define BOUNDARY    "=-dmarc-report-="
#define NAMESPACE   "urn:ietf:params:xml:ns:dmarc-2.0"
#define LINE_BYTES  54	  /* of what is encoded, 72 letters */
#define STORED_MAX  65535 /* bytes of a block of deflate that is stored */
#define CRC_REVERSE UINT32_C(0xedb88320)

/* ---- XML ---- */

static void
add_value(struct str *text, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.s[i];

		if (c == '&')
			str_add_z(text, "&amp;");
		else if (c == '<')
			str_add_z(text, "&lt;");
		else if (c == '>')
			str_add_z(text, "&gt;");
		else
			str_add_byte(text, ascii_is_printable(c) ? c : '?');
	}
}

static void
add_element(struct str *text, const char *name, struct span value)
{
	str_add_byte(text, '<');
	str_add_z(text, name);
	str_add_byte(text, '>');
	add_value(text, value);
	str_add_z(text, "</");
	str_add_z(text, name);
	str_add_z(text, ">\n");
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
	str_add_z(&value, "postmaster@");
	str_add(&value, head->me);
	add_element(text, "email", str_span(&value));
	str_reset(&value);
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
add_published(struct str *text, const struct dmarcreport_row *row)
{
	str_add_z(text, "<policy_published>\n");
	add_element(text, "domain", row->domain);
	add_element(text, "p", row->p);
	add_element(text, "sp", row->sp);
	add_element(text, "np", row->np);
	add_element(text, "adkim", row->adkim);
	add_element(text, "aspf", row->aspf);
	add_element(text, "discovery_method", SPAN("treewalk"));
	add_element(text, "testing", row->test);
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
	struct dmarcreport_row row = dmarcreport_count_get(count, first);

	str_add_z(text,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<feedback xmlns=\"" NAMESPACE "\">\n<version>1.0</version>\n");
	add_metadata(text, head);
	add_published(text, &row);
	if (last - first > DMARCREPORT_ROWS_MAX)
		last = first + DMARCREPORT_ROWS_MAX;
	for (; first < last; first++) {
		row = dmarcreport_count_get(count, first);
		add_row(text, &row);
	}
	str_add_z(text, "</feedback>\n");
}

/* ---- gzip ---- */

static uint32_t
checksum(struct span bytes)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < bytes.len; i++) {
		crc ^= (unsigned char)bytes.s[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC_REVERSE : 0);
	}
	return ~crc;
}

/* The lowest byte first. */
static void
add_little(struct str *text, uint32_t number, int bytes)
{
	for (int i = 0; i < bytes; i++)
		str_add_byte(text, (char)(number >> 8 * i & 0xff));
}

void
dmarcreport_add_gzip(struct str *text, struct span bytes)
{
	struct span rest = bytes;

	/* Deflate, no name, no time, of no known system. */
	str_add(text, SPAN("\x1f\x8b\x08\0\0\0\0\0\0\xff"));
	do {
		struct span block = span_upto(rest, STORED_MAX);

		rest = span_from(rest, block.len);
		str_add_byte(text, rest.len == 0); /* the last one; stored */
		add_little(text, (uint32_t)block.len, 2);
		add_little(text, ~(uint32_t)block.len, 2);
		str_add(text, block);
	} while (rest.len);
	add_little(text, checksum(bytes), 4);
	add_little(text, (uint32_t)bytes.len, 4);
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

static void
add_encoded(struct str *text, struct span bytes)
{
	while (bytes.len) {
		base64_add(text, span_upto(bytes, LINE_BYTES));
		str_add_byte(text, '\n');
		bytes = span_from(bytes, LINE_BYTES);
	}
}

void
dmarcreport_add_mail(struct str *text, const struct reportmail_head *head,
    struct span to, struct span xml, int64_t now)
{
	struct str packed = STR_INIT;

	add_head(text, head, to, now);
	str_add_z(text,
	    "--" BOUNDARY "\nContent-Type: text/plain; charset=us-ascii\n\n"
	    "What ");
	str_add(text, head->me);
	str_add_z(text, " has found of mail in the name of ");
	str_add(text, head->domain);
	str_add_z(text,
	    " in a day\n(RFC 9990).\n\n--" BOUNDARY
	    "\nContent-Type: application/gzip\n"
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Disposition: attachment;\n filename=\"");
	reportmail_add_name(text, head, ".xml.gz");
	str_add_z(text, "\"\n\n");
	dmarcreport_add_gzip(&packed, xml);
	add_encoded(text, str_span(&packed));
	str_add_z(text, "\n--" BOUNDARY "--\n");
	str_free(&packed);
}
