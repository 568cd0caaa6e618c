/*
 * bouncesaying.c - bounces a message with a text, if a program says so.
 * Runs as   the recipient, from a .qmail file.
 * Writes    the text on fd 2: qmail-local puts it into the bounce.
 * Execs     the program of its arguments, with the message on fd 0.
 * Source    bouncesaying(1), qmail-command(8).
 */
#include <stdio.h>

#include "filter.h"

int
main(int argc, char **argv)
{
	int code = 0;

	filter_begin("bouncesaying");
	if (argc < 2)
		filter_fail(FILTER_PERMANENT,
		    "usage: bouncesaying text [program [argument ...]]");
	if (argc > 2)
		code = filter_run(argv + 2);
	if (code == FILTER_TEMPORARY)
		return FILTER_TEMPORARY;
	if (code != 0)
		return FILTER_DONE;
	fprintf(stderr, "%s\n", argv[1]);
	return FILTER_PERMANENT;
}
