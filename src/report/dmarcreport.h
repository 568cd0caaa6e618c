/*
 * dmarcreport.h - the parts of qmail-dmarcreport.
 *
 *	qmail-dmarcreport.c   reads a log, and sends what is told of each domain
 *	dmarcreport_count.c   the messages of a day
 *	dmarcreport_text.c    a report (RFC 9990)
 *
 * With logcount.h and reportmail.h.
 */
#ifndef REPORT_DMARCREPORT_H
#define REPORT_DMARCREPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "logcount.h"
#include "reportmail.h"

#define DMARCREPORT_SIGNATURES 4     /* of a message that are told of */
#define DMARCREPORT_ROWS_MAX   20000 /* of a report; the first ones */

/* Messages that were alike; words as the log of qmail-verifyd has them. */
struct dmarcreport_row {
	struct span domain; /* that has the record */
	struct span p, sp, np, adkim, aspf, test;
	struct span ip, disposition, dkim, spf, from, envelope;
	struct span identity, scope, result; /* of SPF */
	struct span
	    signatures[DMARCREPORT_SIGNATURES]; /* "pass:domain:selector" */
	uint64_t count;
};

/* dmarcreport_count_line: counts the message of a line, if it is one and of that day. */
void
dmarcreport_count_line(struct logcount *count, struct span line, int64_t day);

/* dmarcreport_count_get: after logcount_sort, number index; its spans lie in *count. */
struct dmarcreport_row
dmarcreport_count_get(const struct logcount *count, size_t index);

/* dmarcreport_add_xml: appends the report on the rows from first to before last, all of
 * one domain (RFC 9990). */
void dmarcreport_add_xml(struct str *text, const struct reportmail_head *head,
    const struct logcount *count, size_t first, size_t last);

/* dmarcreport_add_gzip: appends bytes in the form of gzip (RFC 1952), as they are. */
void dmarcreport_add_gzip(struct str *text, struct span bytes);

/* dmarcreport_add_mail: appends the message that carries one. */
void dmarcreport_add_mail(struct str *text, const struct reportmail_head *head,
    struct span to, struct span xml, int64_t now);

#endif
