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
#include "logcount.h"

#define REPORTMAIL_MAX 4 /* for a domain */

/* A run of a program that reports on a day. */
struct reporting {
	const char *program;
	struct logcount count;
	struct str me;	    /* control/me: who reports */
	int64_t day, now;   /* the day's first second; clock_seconds */
	bool prints;	    /* -n: the reports, and nothing is sent */
	bool is_incomplete; /* something failed */
};

/*
 * reporting_begin: takes the arguments, "[-n] [days back]"; enters HOME.
 * Ends the program with 100 if they are wrong, with 111 if control/me cannot be had.
 */
void
reporting_begin(struct reporting *reporting, const char *program, char **argv);

/* Who reports, and of what. */
struct reportmail_head {
	struct span me, domain; /* our name, theirs */
	int64_t day;		/* as above */
};

/* reportmail_add_name: appends a file name, "us!them!first-second!last-second" and an
 * ending. */
void reportmail_add_name(
    struct str *text, const struct reportmail_head *head, const char *ending);

/*
 * reportmail_add_fields: appends the fields up to that on how it was made, which
 * RFC 8460 5.3 and RFC 9990 have alike.
 *   id     of the report
 *   word   in the Message-ID
 */
void reportmail_add_fields(struct str *text, const struct reportmail_head *head,
    struct span to, struct span id, const char *word, int64_t now);

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
