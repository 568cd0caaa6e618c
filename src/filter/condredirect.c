/*
 * condredirect.c - passes a message on to another address if a program says
 * so; then the rest of the .qmail file is left out.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the message on fd 0, twice; SENDER, DTLINE, DSNENVELOPE, DSNRECIPIENTS.
 * Writes    the message, with a Delivered-To line on top, to qmail-queue.
 * Execs     the program of its arguments.
 * Source    condredirect(1), qmail-command(8).
 */
#include "config/home.h"
#include "filter.h"

int
main(int argc, char **argv)
{
	const char *sender, *top;
	struct inject inject;
	int code;

	filter_begin("condredirect");
	if (argc < 3)
		filter_fail(FILTER_PERMANENT,
		    "usage: condredirect address program [argument ...]");
	code = filter_run(argv + 2);
	if (code == FILTER_TEMPORARY)
		filter_fail(FILTER_TEMPORARY, "the program cannot tell now");
	if (code != 0)
		return FILTER_DONE;
	sender = filter_setting("SENDER");
	top = filter_setting("DTLINE");
	filter_rewind();
	if (inject_open(&inject, home_dir) < 0)
		filter_fail_errno("cannot run the queue program");
	inject_message(&inject, span_of(top));
	filter_copy(&inject);
	filter_envelope(&inject, span_of(sender), argv + 1, 1);
	filter_close(&inject, FILTER_STOP);
}
