/*
 * predate.c - gives a message to a program with a Date field on top.
 * Runs as   the caller.
 * Reads     the message on fd 0.
 * Execs     the program of its arguments, and ends as that does.
 * Source    predate(1).
 */
#include "filter.h"
#include "mail/date.h"
#include "sys/clock.h"

int
main(int argc, char **argv)
{
	struct str top = STR_INIT;
	int64_t now = clock_seconds();
	int code;

	filter_begin("predate");
	if (argc < 2)
		filter_fail(
		    FILTER_PERMANENT, "usage: predate program [argument ...]");
	str_add_z(&top, "Date: ");
	date_add_zone(&top, now, clock_local_offset(now));
	str_add_byte(&top, '\n');
	code = filter_run_below(argv + 1, str_span(&top), FILTER_TEMPORARY);
	str_free(&top);
	return code;
}
