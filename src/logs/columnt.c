/*
 * columnt.c - prints lines as a table.
 * Runs as   whoever has the lines.
 * Reads     them on fd 0; keeps all of them.
 * Writes    the table to fd 1.
 * Source    columnt(1).
 */
#include "base/must.h"
#include "columns.h"
#include "sys/lines.h"

static char out_buffer[65536];

int
main(void)
{
	struct columns columns = COLUMNS_INIT;
	struct str text = STR_INIT, row = STR_INIT;
	struct span line, rest;
	struct lines lines;
	struct out out;

	must_hooks(111, NULL);
	lines_init(&lines, "columnt");
	out_init(&out, 1, out_buffer, sizeof(out_buffer));
	while (lines_next(&lines, &line)) {
		columns_measure(&columns, line);
		str_add(&text, line);
		str_add_byte(&text, '\n');
	}
	rest = str_span(&text);
	while (span_cut_next(&rest, '\n', &line)) {
		str_reset(&row);
		columns_add(&columns, &row, line);
		out_add(&out, str_span(&row));
	}
	lines_flush("columnt", &out);
	columns_free(&columns);
	str_free(&text);
	str_free(&row);
	lines_free(&lines);
	return 0;
}
