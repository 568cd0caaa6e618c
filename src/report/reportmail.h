/*
 * reportmail.h - reports to other domains: who wants them, and their way there.
 * Input: DNS, hostile
 */
#ifndef REPORT_REPORTMAIL_H
#define REPORT_REPORTMAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define REPORTMAIL_MAX 4 /* for a domain */

/*
 * reportmail_find: what a domain says, in the one TXT record at a name that begins
 * with a version.
 *   version   "v=TLSRPTv1"
 *   record    receives it
 * Returns 1; 0: there is none, or several; -1: the DNS does not answer, and descriptor 2
 * has a line.
 */
MUST_CHECK int reportmail_find(const char *program, struct span name,
    struct span version, struct str *record);

/*
 * reportmail_next_address: takes the next address out of such a record: of the
 * "mailto:" in its rua.
 *   rest   the record at first; moves on
 * Returns false if there are no more.
 */
bool reportmail_next_address(
    struct span *rest, struct span version, struct span *address);

/* reportmail_send: queues a message with the empty reverse-path.  Returns false with a
 * line on descriptor 2 if it cannot be. */
MUST_CHECK bool
reportmail_send(const char *program, struct span text, struct span to);

#endif
