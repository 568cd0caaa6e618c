/* reportmail.c - the messages that carry reports. */
#include "reportmail.h"

#include "base/base64.h"
#include "config/home.h"
#include "mail/date.h"
#include "queue/inject.h"

#define LINE_BYTES 54 /* of what is encoded, 72 letters */

struct reportmail_head
reportmail_head(const struct reporting *reporting, struct span domain)
{
	return (struct reportmail_head){ .me = str_span(&reporting->me),
		.from = str_span(&reporting->sender),
		.domain = domain,
		.day = reporting->day };
}

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
	str_add_z(text, "\nFrom: ");
	str_add(text, head->from);
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
reportmail_add_attachment(struct str *text, const struct reportmail_head *head,
    const char *type, const char *ending, struct span packed)
{
	str_add_z(text, "Content-Type: ");
	str_add_z(text, type);
	str_add_z(text,
	    "\nContent-Transfer-Encoding: base64\n"
	    "Content-Disposition: attachment;\n filename=\"");
	reportmail_add_name(text, head, ending);
	str_add_z(text, "\"\n\n");
	add_encoded(text, packed);
}

static void
queue(struct reporting *reporting, struct span domain, struct span to,
    struct span sender, struct span text)
{
	struct inject inject;
	struct verdict verdict;
	struct str words = STR_INIT;

	if (inject_open(&inject, home_dir, INJECT_SUBMITTED) < 0) {
		reporting_fails(
		    reporting, domain, "the queue cannot be reached");
		return;
	}
	inject_message(&inject, text);
	inject_sender(&inject, sender);
	inject_recipient(&inject, to);
	verdict = inject_close(&inject);
	if (verdict.letter == VERDICT_ACCEPTED) {
		reporting_note_sent(reporting, domain, to);
		return;
	}
	str_add_z(&words, "its report could not be queued: ");
	str_add(&words, verdict.text);
	reporting_fails(reporting, domain, str_z(&words));
	str_free(&words);
}

void
reportmail_send(struct reporting *reporting, struct span domain,
    const struct reportask_wish *wish, struct span sender, struct span text)
{
	struct str words = STR_INIT;

	if (text.len <= wish->size) {
		queue(
		    reporting, domain, str_span(&wish->address), sender, text);
		return;
	}
	str_add_z(&words, "its report is larger than wanted by ");
	str_add(&words, str_span(&wish->address));
	reporting_say(reporting, domain, str_z(&words));
	str_free(&words);
}
