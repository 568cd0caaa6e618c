/*
 * except.c - turns the answer of a program round: what it accepts bounces.
 * Runs as   the recipient, from a .qmail file.
 * Execs     the program of its arguments, with the message on fd 0.
 * Source    except(1), qmail-command(8).
 */
#include "filter.h"

int
main(int argc, char **argv)
{
	filter_begin("except");
	if (argc < 2)
		filter_fail(
		    FILTER_PERMANENT, "usage: except program [argument ...]");
	switch (filter_run(argv + 1)) {
	case 0:
		return FILTER_PERMANENT;
	case FILTER_TEMPORARY:
		return FILTER_TEMPORARY;
	default:
		return FILTER_DONE;
	}
}
