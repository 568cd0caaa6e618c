/* date.h - times as mail writes them.  Any year from 1970 to 9999. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <stdint.h>

#include "base/str.h"

/*
 * date_add_utc: appends "22 Nov 2026 09:05:07 -0000" (RFC 5322 3.3; -0000:
 * nothing is said of the local zone).  No zero before a one-digit day.
 *   seconds   since 1970; a time before that counts as 1970
 */
void date_add_utc(struct str *text, int64_t seconds);

/*
 * date_add_zone: the same in a zone that is `offset` seconds east of UTC:
 * "22 Nov 2026 10:05:07 +0100".
 */
void date_add_zone(struct str *text, int64_t seconds, long offset);

/*
 * date_add_ctime: appends "Sun Nov 22 09:05:07 2026" in UTC, as in the From_
 * line of an mbox.  No newline; a one-digit day has a blank before it.
 */
void date_add_ctime(struct str *text, int64_t seconds);

/*
 * date_add_utc_bare: appends "22 Nov 2026 09:05:07", for qmail-qread.
 */
void date_add_utc_bare(struct str *text, int64_t seconds);

#endif
