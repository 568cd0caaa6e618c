/*
 * page.h - a report as tables and a chart, for a terminal or for a browser.
 * Input: hostile (cells)
 */
#ifndef LOGS_PAGE_H
#define LOGS_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define PAGE_COLUMNS_MAX 6
#define PAGE_CELL_MAX	 60 /* bytes of a cell that are shown */
#define PAGE_PARTS	 3  /* of a bar */

struct page_cell {
	struct str text;
};

struct page_table {
	const char *title;
	const char *heads[PAGE_COLUMNS_MAX]; /* as many as there are columns */
	VEC(struct page_cell) cells;	     /* row by row */
};

struct page_bar {
	struct str label;
	uint64_t parts[PAGE_PARTS];
};

struct page {
	struct str title, subtitle;
	const char *chart;	       /* its title */
	const char *parts[PAGE_PARTS]; /* what the parts of its bars are */
	VEC(struct page_bar) bars;
	VEC(struct page_table) tables;
};

/*
 * page_begin: begins a table.
 *   heads   of its columns; NULL ends them
 */
void
page_begin(struct page *page, const char *title, const char *const heads[]);

/* page_cell, page_number: adds a cell to the last table. */
void page_cell(struct page *page, struct span text);
void page_number(struct page *page, uint64_t number);

/* page_bar: adds a bar to the chart; of parts, PAGE_PARTS numbers. */
void page_bar(struct page *page, struct span label, const uint64_t parts[]);

/* page_add_text: appends all of it as plain text; bytes that are no printable ASCII are
 * shown as "?". */
void page_add_text(const struct page *page, struct str *text);

/* page_add_html: appends it as a file of XHTML, with the chart as SVG: without scripts,
 * and without anything that a browser would fetch. */
void page_add_html(const struct page *page, struct str *text);

/* page_free: releases the memory. */
void page_free(struct page *page);

#endif
