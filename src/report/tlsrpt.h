/*
 * tlsrpt.h - the parts of qmail-tlsrpt.
 *
 *	qmail-tlsrpt.c   reads a log, and sends what is told of each domain
 *	tlsrpt_count.c   the sessions of a day
 *	tlsrpt_text.c    a report (RFC 8460)
 *
 * With reportrun.h and what that includes.
 */
#ifndef REPORT_TLSRPT_H
#define REPORT_TLSRPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "logcount.h"
#include "reportmail.h"

/* Sessions that were alike. */
struct tlsrpt_sessions {
	struct span domain, policy; /* "tlsa", "sts", "no-policy-found" */
	struct span result;	    /* of RFC 8460 4.3; empty: it was well */
	struct span host, address;
	uint64_t count;
};

/* tlsrpt_count_line: counts the session of a line of qmail-send's log, if it is one, and
 * whole. */
void
tlsrpt_count_line(struct logcount *count, struct span line, int64_t seconds);

/* tlsrpt_count_get: after logcount_sort, number index; its spans lie in *count. */
struct tlsrpt_sessions
tlsrpt_count_get(const struct logcount *count, size_t index);

/* tlsrpt_add_json: appends the report on the sessions from first to before last,
 * all of one domain (RFC 8460 4.4). */
void tlsrpt_add_json(struct str *text, const struct reportmail_head *head,
    const struct logcount *count, size_t first, size_t last);

/* tlsrpt_add_mail: appends the message that carries one, in the form of gzip (RFC 8460
 * 5.3). */
void tlsrpt_add_mail(struct str *text, const struct reportmail_head *head,
    struct span to, struct span packed, int64_t now);

#endif
