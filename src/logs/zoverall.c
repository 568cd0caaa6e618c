/*
 * zoverall.c - all reports on what matchup wrote, each under a name of its own.
 * Runs as   the administrator.
 * Reads     what matchup wrote, on fd 0: with words of strangers.
 * Writes    the report to fd 1.
 * Source    zoverall(1); reports.c.
 */
#include "base/must.h"
#include "columns.h"
#include "mail/logevent.h"
#include "order.h"
#include "reports.h"
#include "sys/fd.h"

#define USAGE_EXIT 100

static char out_buffer[65536];

/* A row, and what it is sorted by. */
struct sorted {
	struct span line, text;
};

/* The report that the program's name means; without the z, for programs. */
static const struct report *
find_report(struct span name, bool *is_for_programs)
{
	for (size_t i = 0; i < reports_count; i++) {
		struct span own = span_of(reports[i].name);

		*is_for_programs = reports[i].is_for_programs &&
		    span_equal(name, span_from(own, 1));
		if (*is_for_programs || span_equal(name, own))
			return &reports[i];
	}
	return NULL;
}

static void
make_rows(const struct report *report, struct lines *lines, struct str *text)
{
	struct outcome outcome;
	struct rows rows;
	struct span line;

	rows_init(&rows);
	while (lines_next(lines, &line))
		if (outcome_parse(line, &outcome))
			report->count(&rows, &outcome);
	for (size_t i = 0; i < rows.rows.len; i++) {
		const struct row *row = &rows.rows.at[i];

		report->show(text, row, rows_key(&rows, row));
		str_add_byte(text, '\n');
	}
	rows_free(&rows);
}

/* ---- order ---- */

/* What is equal by its column is sorted by all of the line. */
static int
compare(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;
	int found = order_compare_text(a->text, b->text);

	return found ? found : order_compare_text(a->line, b->line);
}

/* What the line has from its column on. */
static struct span
from_column(struct span line, size_t column)
{
	for (; column > 1; column--)
		(void)logevent_cut_word(&line);
	return line;
}

struct table {
	VEC(struct sorted) rows;
	struct order order;
};

static uint64_t
key_of(const struct report *report, const struct sorted *row)
{
	if (report->order == REPORT_BY_NUMBER)
		return order_of_decimal(
		    outcome_decimal(from_column(row->line, report->column)));
	return order_of_text(row->text);
}

/* The rows of the text, in the order of the report. */
static void
sort_rows(const struct report *report, struct span text, struct table *table)
{
	struct span line;

	while (span_cut_next(&text, '\n', &line)) {
		struct sorted row = { .line = line };

		if (report->order == REPORT_BY_TEXT)
			row.text = from_column(line, report->column);
		vec_push(&table->rows, row);
	}
	for (size_t i = 0; i < table->rows.len; i++) {
		const struct sorted *row = &table->rows.at[i];
		struct order_item item = { key_of(report, row), row };

		vec_push(&table->order.items, item);
	}
	if (report->order != REPORT_AS_COUNTED)
		order_sort(&table->order, compare);
}

/* The line of a row, by its place in the order. */
static struct span
line_at(const struct table *table, size_t place)
{
	const struct sorted *row = table->order.items.at[place].thing;

	return row->line;
}

/* ---- shown ---- */

static void
write_plainly(const struct table *table, struct out *out)
{
	for (size_t i = 0; i < table->rows.len; i++) {
		out_add(out, line_at(table, i));
		out_add(out, SPAN("\n"));
	}
}

static void
write_row(const struct report *report, const struct columns *columns,
    struct str *row, struct span line, struct out *out)
{
	str_reset(row);
	columns_add(columns, row, line);
	for (size_t i = 0; report->has_blanks && i < row->len; i++)
		if (row->s[i] == '_')
			row->s[i] = ' ';
	out_add(out, str_span(row));
}

static void
write_in_columns(
    const struct report *report, const struct table *table, struct out *out)
{
	struct columns columns = COLUMNS_INIT;
	struct span head = span_of(report->head);
	struct str row = STR_INIT;

	columns_measure(&columns, head);
	for (size_t i = 0; i < table->rows.len; i++)
		columns_measure(&columns, line_at(table, i));
	write_row(report, &columns, &row, head, out);
	for (size_t i = 0; i < table->rows.len; i++)
		write_row(report, &columns, &row, line_at(table, i), out);
	str_free(&row);
	columns_free(&columns);
}

static void
write_report(const struct report *report, struct lines *lines, struct out *out)
{
	struct table table = { .rows = VEC_INIT };
	struct str text = STR_INIT;

	if (report->make)
		report->make(lines, &text);
	else
		make_rows(report, lines, &text);
	sort_rows(report, str_span(&text), &table);
	if (report->about)
		out_add_z(out, report->about);
	if (report->head)
		write_in_columns(report, &table, out);
	else
		write_plainly(&table, out);
	vec_free(&table.rows);
	vec_free(&table.order.items);
	str_free(&text);
}

int
main(int argc, char **argv)
{
	struct span name = lines_program(argc ? argv[0] : NULL);
	const struct report *found;
	struct report report;
	bool is_for_programs;
	struct lines lines;
	struct out out;

	must_hooks(111, NULL);
	found = find_report(name, &is_for_programs);
	if (!found || argc != 1) {
		(void)!fd_write_all(
		    2, SPAN("usage: REPORT, as zoverall; see zoverall(1)\n"));
		return USAGE_EXIT;
	}
	report = *found;
	if (is_for_programs) {
		report.about = report.head = NULL;
		report.order = REPORT_AS_COUNTED;
	}
	lines_init(&lines, report.name);
	out_init(&out, 1, out_buffer, sizeof(out_buffer));
	if (report.write)
		report.write(&lines, &out);
	else
		write_report(&report, &lines, &out);
	lines_flush(report.name, &out);
	lines_free(&lines);
	return 0;
}
