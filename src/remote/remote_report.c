/*
 * remote_report.c - the reports of qmail-remote.
 * Input: hostile; what servers say goes into logs and bounces.
 */
#include "remote.h"

#include "base/ascii.h"

void
remote_report_clean(struct str *report, struct span text, size_t max)
{
	text = span_upto(text, max);
	str_reserve(report, text.len);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '\n') {
			/* An empty line would end a paragraph of a bounce. */
			if (report->len && report->s[report->len - 1] != '\n')
				str_add_byte(report, c);
		} else if (c == '\t')
			str_add_byte(report, ' ');
		else
			str_add_byte(report,
			    ascii_is_printable(c) ? c
				: c == '\0'	  ? '?'
						  : '_');
	}
}

void
remote_report_recipient(struct remote *remote, enum remote_letter letter,
    struct span address, struct span said)
{
	struct str *report = &remote->reports;

	str_add_byte(report, (char)letter);
	if (letter != REMOTE_TAKEN) {
		if (said.len) {
			str_add(report, str_span(&remote->peer));
			str_add_z(report, " refused the recipient.\nIt said: ");
			remote_report_clean(report, said, REMOTE_SAID_MAX);
		} else {
			str_add_z(report, "SMTP cannot carry the address ");
			remote_report_clean(report, address, REMOTE_NAME_MAX);
			str_add_z(report, ". (#5.1.3)");
		}
		if (report->s[report->len - 1] != '\n')
			str_add_byte(report, '\n');
	}
	str_add_byte(report, '\0');
}
