/*
 * tlsrpt_text.c - a report on TLS (RFC 8460).
 * Input: names of strangers
 */
#include "base/json.h"
#include "mail/date.h"
#include "tlsrpt.h"

#define BOUNDARY "=-tls-report-="

/* ---- JSON ---- */

static void
add_member(struct str *text, const char *name, struct span value)
{
	str_add_z(text, name);
	json_add_string(text, value);
}

static void
add_number(struct str *text, const char *name, uint64_t number)
{
	str_add_z(text, name);
	str_add_u64(text, number);
}

/* "2026-11-22" */
static void
add_day(struct str *text, int64_t day)
{
	struct str date = STR_INIT;

	date_add_iso(&date, day, 0);
	str_add(text, span_upto(str_span(&date), 10));
	str_free(&date);
}

static void
add_id(struct str *text, const struct reportmail_head *head)
{
	add_day(text, head->day);
	str_add_byte(text, '.');
	str_add(text, head->domain);
	str_add_byte(text, '@');
	str_add(text, head->me);
}

static void
add_range(struct str *text, int64_t day)
{
	str_add_z(text, "  \"date-range\": {\"start-datetime\": \"");
	add_day(text, day);
	str_add_z(text, "T00:00:00Z\", \"end-datetime\": \"");
	add_day(text, day);
	str_add_z(text, "T23:59:59Z\"},\n");
}

/* The failures of one policy. */
static void
add_failures(
    struct str *text, const struct logcount *count, size_t first, size_t last)
{
	bool is_any = false;

	for (size_t i = first; i < last; i++) {
		struct tlsrpt_sessions sessions = tlsrpt_count_get(count, i);

		if (sessions.result.len == 0)
			continue;
		str_add_z(text,
		    is_any ? ",\n      "
			   : ",\n    \"failure-details\": [\n      ");
		is_any = true;
		add_member(text, "{\"result-type\": ", sessions.result);
		if (sessions.host.len)
			add_member(text,
			    ", \"receiving-mx-hostname\": ", sessions.host);
		if (sessions.address.len)
			add_member(
			    text, ", \"receiving-ip\": ", sessions.address);
		add_number(
		    text, ", \"failed-session-count\": ", sessions.count);
		str_add_byte(text, '}');
	}
	if (is_any)
		str_add_byte(text, ']');
}

static void
add_policy(
    struct str *text, const struct logcount *count, size_t first, size_t last)
{
	struct tlsrpt_sessions head = tlsrpt_count_get(count, first);
	uint64_t good = 0, bad = 0;

	for (size_t i = first; i < last; i++) {
		struct tlsrpt_sessions sessions = tlsrpt_count_get(count, i);

		*(sessions.result.len ? &bad : &good) += sessions.count;
	}
	add_member(text, "   {\"policy\": {\"policy-type\": ", head.policy);
	add_member(text, ", \"policy-domain\": ", head.domain);
	add_number(text,
	    "},\n    \"summary\": {\"total-successful-session-count\": ", good);
	add_number(text, ", \"total-failure-session-count\": ", bad);
	str_add_byte(text, '}');
	add_failures(text, count, first, last);
	str_add_byte(text, '}');
}

void
tlsrpt_add_json(struct str *text, const struct reportmail_head *head,
    const struct logcount *count, size_t first, size_t last)
{
	struct str id = STR_INIT;

	add_id(&id, head);
	add_member(text, "{\n  \"organization-name\": ", head->me);
	str_add_z(text, ",\n");
	add_range(text, head->day);
	add_member(text, "  \"contact-info\": ", head->from);
	add_member(text, ",\n  \"report-id\": ", str_span(&id));
	str_add_z(text, ",\n  \"policies\": [\n");
	while (first < last) {
		struct span policy = tlsrpt_count_get(count, first).policy;
		size_t next = first + 1;

		while (next < last &&
		    span_equal(tlsrpt_count_get(count, next).policy, policy))
			next++;
		add_policy(text, count, first, next);
		str_add_z(text, next < last ? ",\n" : "\n");
		first = next;
	}
	str_add_z(text, "  ]\n}\n");
	str_free(&id);
}

/* ---- a message ---- */

static void
add_field(struct str *text, const char *name, struct span value)
{
	str_add_z(text, name);
	str_add(text, value);
	str_add_byte(text, '\n');
}

static void
add_head(struct str *text, const struct reportmail_head *head, struct span to,
    int64_t now)
{
	struct str id = STR_INIT;

	add_id(&id, head);
	reportmail_add_fields(text, head, to, str_span(&id), "tlsrpt", now);
	add_field(text, "TLS-Report-Domain: ", head->domain);
	add_field(text, "TLS-Report-Submitter: ", head->me);
	str_add_z(text,
	    "TLS-Required: No\n"
	    "Auto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=\"tlsrpt\";\n"
	    " boundary=\"" BOUNDARY "\"\n\n");
	str_free(&id);
}

void
tlsrpt_add_mail(struct str *text, const struct reportmail_head *head,
    struct span to, struct span packed, int64_t now)
{
	add_head(text, head, to, now);
	str_add_z(text,
	    "--" BOUNDARY "\nContent-Type: text/plain; charset=us-ascii\n\n"
	    "How it was with TLS when ");
	str_add(text, head->me);
	str_add_z(text, " sent mail to ");
	str_add(text, head->domain);
	str_add_z(text, ", on ");
	add_day(text, head->day);
	str_add_z(text, " (RFC 8460).\n\n--" BOUNDARY "\n");
	reportmail_add_attachment(
	    text, head, "application/tlsrpt+gzip", ".json.gz", packed);
	str_add_z(text, "\n--" BOUNDARY "--\n");
}
