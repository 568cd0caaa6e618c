/*
 * dmarcreport.h - the parts of qmail-dmarcreport.
 *
 *	qmail-dmarcreport.c   reads a log, and sends what is told of each domain
 *	dmarcreport_count.c   the messages of a day
 *	dmarcreport_text.c    a report (RFC 9990)
 *
 * With reportrun.h and what that includes.
 */
#ifndef REPORT_DMARCREPORT_H
#define REPORT_DMARCREPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "logcount.h"
#include "reportmail.h"

#define DMARCREPORT_SIGNATURES 4 /* of a message that are told of */

/* Messages that were alike; words as the log of qmail-verifyd has them. */
struct dmarcreport_row {
	struct span domain; /* that has the record */
	struct span ip, disposition, reason, dkim, spf, from, envelope;
	struct span identity, scope, result; /* of SPF */
	struct span
	    signatures[DMARCREPORT_SIGNATURES]; /* "pass:domain:selector" */
	uint64_t count;
};

/* What a domain has published, the last that was seen in the day. */
struct dmarcreport_policy {
	struct span p, sp, np, adkim, aspf, test;
};

/* dmarcreport_count_line: counts the message of a line, if it is one, and whole: a report
 * with a word that has no place in it would be thrown away as a whole. */
void dmarcreport_count_line(
    struct logcount *count, struct span line, int64_t seconds);

/* dmarcreport_count_get: after logcount_sort, number index; its spans lie in *count. */
struct dmarcreport_row
dmarcreport_count_get(const struct logcount *count, size_t index);

/* dmarcreport_count_policy: that of its domain, likewise. */
struct dmarcreport_policy
dmarcreport_count_policy(const struct logcount *count, size_t index);

/*
 * dmarcreport_has_letters: whether any of the messages from first to before last was more
 * than a bounce.  If all were, a bounce of our report may be the one reason for the next,
 * day by day.
 */
bool dmarcreport_has_letters(
    const struct logcount *count, size_t first, size_t last);

/* dmarcreport_add_xml: appends the report on the rows from first to before last, all of
 * one domain (RFC 9990). */
void dmarcreport_add_xml(struct str *text, const struct reportmail_head *head,
    const struct logcount *count, size_t first, size_t last);

/* dmarcreport_add_mail: appends the message that carries one, in the form of gzip. */
void dmarcreport_add_mail(struct str *text, const struct reportmail_head *head,
    struct span to, struct span packed, int64_t now);

#endif
