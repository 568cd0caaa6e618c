/*
 * tlsrpt.h - the parts of qmail-tlsrpt.
 *
 *	qmail-tlsrpt.c   reads a log, and sends what is told of each domain
 *	tlsrpt_count.c   the sessions of a day
 *	tlsrpt_text.c    a report (RFC 8460)
 */
#ifndef REPORT_TLSRPT_H
#define REPORT_TLSRPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define TLSRPT_KINDS_MAX 200000 /* different sessions; no more are told of */
#define TLSRPT_DAY	 86400	/* seconds */

/* Sessions that were alike. */
struct tlsrpt_sessions {
	struct span domain, policy; /* "tlsa", "sts", "no-policy-found" */
	struct span result;	    /* of RFC 8460 4.3; empty: it was well */
	struct span host, address;
	uint64_t count;
};

struct tlsrpt_count {
	VEC(struct str)
	keys; /* of each session, or one of many that are alike */
	VEC(uint64_t) counts; /* how many */
	size_t sorted;	      /* so many of them are sorted, and differ */
	uint64_t left_out;    /* sessions beyond TLSRPT_KINDS_MAX */
};

#define TLSRPT_COUNT_INIT                \
	{                                \
		VEC_INIT, VEC_INIT, 0, 0 \
	}

/*
 * tlsrpt_count_line: counts the session of a line of qmail-send's log, with a
 * stamp of TAI64N, if it is one and of that day.
 *   day   its first second, since 1970, UTC
 */
void
tlsrpt_count_line(struct tlsrpt_count *count, struct span line, int64_t day);

/* tlsrpt_count_sort: makes one of those that are alike, in order. */
void tlsrpt_count_sort(struct tlsrpt_count *count);

/* tlsrpt_count_get: after that, number index; its spans lie in *count. */
struct tlsrpt_sessions
tlsrpt_count_get(const struct tlsrpt_count *count, size_t index);

/* Who reports, and of what. */
struct tlsrpt_head {
	struct span me;	    /* our name */
	struct span domain; /* theirs */
	int64_t day;	    /* as above */
};

/* tlsrpt_add_json: appends the report on the sessions from first to before last,
 * all of one domain (RFC 8460 4.4). */
void tlsrpt_add_json(struct str *text, const struct tlsrpt_head *head,
    const struct tlsrpt_count *count, size_t first, size_t last);

/* tlsrpt_add_mail: appends the message that carries one (RFC 8460 5.3). */
void tlsrpt_add_mail(struct str *text, const struct tlsrpt_head *head,
    struct span to, struct span json, int64_t now);

/*
 * tlsrpt_next_address: takes the next address out of what a domain says of reports
 * (RFC 8460 3): of the "mailto:" in its rua.
 *   rest   the record at first; moves on
 * Returns false if there are no more, or it is no such record.
 */
bool tlsrpt_next_address(struct span *rest, struct span *address);

/* tlsrpt_is_record: whether a TXT record is one of those. */
bool tlsrpt_is_record(struct span text);

#endif
