/*
 * reportrun.h - what both programs that report do: they count lines of a log, and send what
 * is told of each domain.
 */
#ifndef REPORT_REPORTRUN_H
#define REPORT_REPORTRUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "logcount.h"
#include "reportask.h"
#include "reportmail.h"

/* A kind of report. */
struct reportrun {
	const char *program;
	struct reportask_kind kind; /* who wants it */
	/* Counts a line of the day, whose stamp is off. */
	void (*take)(struct logcount *count, struct span line, int64_t seconds);
	/* Appends the report on the lines from first to before last, all of one domain. */
	void (*add_text)(struct str *text, const struct reportmail_head *head,
	    const struct logcount *count, size_t first, size_t last);
	/* Appends the message that carries it; packed: in the form of gzip. */
	void (*add_mail)(struct str *text, const struct reportmail_head *head,
	    struct span to, struct span packed, int64_t now);
	/* Whether a bounce of it may come here; NULL: always. */
	bool (*may_bounce)(
	    const struct logcount *count, size_t first, size_t last);
};

/*
 * reportrun_main: all of the program.
 * Returns its exit code: 0; 100: the arguments are wrong; 111: something failed, or there
 * was no time for all.
 */
int reportrun_main(const struct reportrun *run, char **argv);

#endif
