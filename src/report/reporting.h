/*
 * reporting.h - a run of a program that reports on a day: its arguments, its time, and
 * what an earlier run for that day has sent.
 */
#ifndef REPORT_REPORTING_H
#define REPORT_REPORTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/wordset.h"
#include "logcount.h"

#define REPORTING_FOLDER  "report" /* in HOME: what was sent, and locks */
#define REPORTING_SECONDS 21600	   /* of a run, if control does not say */
#define REPORTING_MAX	  UINT64_C(604800)
#define REPORTING_KEPT	  30 /* days for which is known what was sent */

struct reporting {
	const char *program;
	struct logcount count;
	struct str me;	    /* control/me: who reports */
	struct str sender;  /* the address that reports are from */
	int64_t day, now;   /* the day's first second; clock_seconds */
	int64_t deadline;   /* of the run; clock_monotonic */
	bool prints;	    /* -n: the reports, and nothing is sent */
	bool is_incomplete; /* something failed */
	/* Hosts of addresses whose name servers were silent: once is enough. */
	struct wordset silent;
	/* What was sent for that day, "domain address", and where more of it is noted:
	 * -1 if the day is not over, for then the report is not the last. */
	struct wordset sent;
	int sent_fd;
};

/*
 * reporting_begin: takes the arguments, "[-n] [days back]"; enters HOME; if reports are to
 * be sent, takes the lock of the program and reads what was sent.
 * Ends the program with 100 if the arguments are wrong, with 111 if control/me, the lock or
 * that file cannot be had: two runs at once would send twice.
 */
void
reporting_begin(struct reporting *reporting, const char *program, char **argv);

/* reporting_say: writes "PROGRAM: NAME: WORDS" to descriptor 2. */
void reporting_say(
    const struct reporting *reporting, struct span name, const char *words);

/* reporting_fails: the same, and the run is incomplete. */
void reporting_fails(
    struct reporting *reporting, struct span name, const char *words);

/* reporting_was_sent: whether an address has the report on a domain. */
bool reporting_was_sent(
    const struct reporting *reporting, struct span domain, struct span address);

/* reporting_note_sent: notes that it has, on the disk.  Ends the program with 111 if that
 * cannot be noted, for more would be sent twice. */
void reporting_note_sent(
    struct reporting *reporting, struct span domain, struct span address);

#endif
