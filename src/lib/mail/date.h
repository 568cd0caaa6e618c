/* date.h - times as mail writes them.  Any year from 1 to 9999. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

/*
 * date_add_utc: appends "22 Nov 2026 09:05:07 -0000" (RFC 5322 3.3; -0000:
 * nothing is said of the local zone).  No zero before a one-digit day.
 *   seconds   since 1970
 */
void date_add_utc(struct str *text, int64_t seconds);

/*
 * date_add_zone: the same in a zone that is `offset` seconds east of UTC:
 * "22 Nov 2026 10:05:07 +0100".
 */
void date_add_zone(struct str *text, int64_t seconds, long offset);

/*
 * date_add_ctime: appends "Sun Nov 22 09:05:07 2026" in UTC.  No newline; a one-digit day has a blank before it.
 */
void date_add_ctime(struct str *text, int64_t seconds);

/* date_add_from_line: "Sun Nov 01 09:05:07 2026", the same with two digits for the
 * day, as the From_ lines of qmail have it. */
void date_add_from_line(struct str *text, int64_t seconds);

/* date_add_iso: appends "2026-11-22 10:05:07 +0100", in a zone that is offset
 * seconds east of UTC. */
void date_add_iso(struct str *text, int64_t seconds, long offset);

/* date_add_rfc3339: appends "2026-11-22T09:05:07.123456789Z" (RFC 3339 5.6), with
 * so many digits of the nanoseconds, 1 to 9. */
void date_add_rfc3339(
    struct str *text, int64_t seconds, uint32_t nanoseconds, unsigned digits);

/* date_add_digits: appends "20261122090507", in UTC. */
void date_add_digits(struct str *text, int64_t seconds);

/*
 * date_add_utc_bare: appends "22 Nov 2026 09:05:07", for qmail-qread.
 */
void date_add_utc_bare(struct str *text, int64_t seconds);

/* A time as a field tells it. */
struct date {
	int64_t seconds; /* since 1970, UTC; negative before */
	long offset;	 /* of its zone, seconds east of UTC */
	bool has_zone;	 /* the zone is known: not -0000 */
};

/*
 * date_parse: the time in a field such as Date, or behind the semicolon of
 * Received: [Day,] D Mon YYYY h:mm[:ss] ZONE, comments allowed (RFC 822 5).
 * Years below 50 are those from 2000 on, below 200 those from 1900 on.  Zones
 * are numbers, UT, GMT, BST, and those of North America.
 * Returns whether it could be understood, and there is such a day.
 */
bool date_parse(struct span text, struct date *date);

/* date_add: appends "22 Nov 2026 10:05:07 +0100", in its own zone. */
void date_add(struct str *text, const struct date *date);

#endif
