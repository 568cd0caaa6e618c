/*
 * reports.h - the reports: what each counts, and how it is shown.
 *
 * A report has two names: under its own it prints its rows, for programs; with a
 * z in front it prints for people: what it is, the names of the columns, the
 * rows in order and in columns.
 */
#ifndef LOGS_REPORTS_H
#define LOGS_REPORTS_H

#include "sys/lines.h"
#include "outcome.h"
#include "rows.h"

enum report_order {
	REPORT_AS_COUNTED,
	REPORT_BY_TEXT,	 /* from the column on, to the end of the line */
	REPORT_BY_NUMBER /* in the column */
};

struct report {
	const char *name;     /* with its z */
	bool is_for_programs; /* without the z, too */
	const char *about;    /* what it is; lines, and a blank one */
	const char *head;     /* the names of the columns; NULL: no table */
	/* count: takes a line; show: appends what a row says.  For a table that
	 * is counted by key. */
	void (*count)(struct rows *rows, const struct outcome *outcome);
	void (*show)(struct str *text, const struct row *row, struct span key);
	/* make: for all others; reads the lines, and appends the rows. */
	void (*make)(struct lines *lines, struct str *text);
	/* write: for what goes on without end: reads the lines, and writes. */
	void (*write)(struct lines *lines, struct out *out);
	enum report_order order;
	size_t column;	 /* from 1 */
	bool has_blanks; /* _ stands for a blank */
};

extern const struct report reports[];
extern const size_t reports_count;

/* overall_make: figures of all; overall_distribution: how soon.  For make. */
void overall_make(struct lines *lines, struct str *text);
void overall_distribution(struct lines *lines, struct str *text);

#endif
