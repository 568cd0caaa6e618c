/*
 * srsforward.c - passes a message on to other addresses, with a sender of our domain,
 * so that their hosts find it in order by SPF.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the message on fd 0; NEWSENDER, SENDER, DTLINE; DSNENVELOPE, DSNRECIPIENTS;
 *           the sender as qmail-srsd rewrites it.
 * Writes    the message, with a Delivered-To line on top, to qmail-queue.
 * Source    srsforward(1), qmail-command(8).
 */
#include "filter.h"

int
main(int argc, char **argv)
{
	const char *sender, *top;

	filter_begin("srsforward");
	sender = filter_setting("NEWSENDER");
	top = filter_setting("DTLINE");
	for (int i = 1; i < argc; i++)
		filter_check_address(span_of(argv[i]));
	if (argc < 2)
		filter_fail(FILTER_PERMANENT, "usage: srsforward address ...");
	filter_start_over();
	filter_forward_rewritten(
	    span_of(sender), span_of(top), argv + 1, argc - 1);
}
