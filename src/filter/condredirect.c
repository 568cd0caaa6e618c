/*
 * condredirect.c - passes a message on to another address if a program says
 * so; then the rest of the .qmail file is left out.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the message on fd 0, twice; SENDER, DTLINE, DSNENVELOPE, DSNRECIPIENTS.
 * Writes    the message, with a Delivered-To line on top, to qmail-queue.
 * Execs     the program of its arguments.
 * Source    condredirect(1), qmail-command(8).
 */
#include "filter.h"

int
main(int argc, char **argv)
{
	const char *sender, *top;
	int code;

	filter_begin("condredirect");
	if (argc < 3)
		filter_fail(FILTER_PERMANENT,
		    "usage: condredirect address program [argument ...]");
	filter_check_address(span_of(argv[1]));
	code = filter_run(argv + 2);
	if (code == FILTER_TEMPORARY)
		filter_fail(FILTER_TEMPORARY, "the program cannot tell now");
	if (code != 0)
		return FILTER_DONE;
	sender = filter_setting("SENDER");
	top = filter_setting("DTLINE");
	filter_rewind();
	filter_forward(span_of(sender), span_of(top), argv + 1, 1, FILTER_STOP);
}
