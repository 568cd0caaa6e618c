/*
 * forward.c - passes a message on to other addresses.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the message on fd 0; NEWSENDER, SENDER, DTLINE; DSNENVELOPE, DSNRECIPIENTS.
 * Writes    the message, with a Delivered-To line on top, to qmail-queue.
 * Source    forward(1), qmail-command(8).
 */
#include "config/home.h"
#include "filter.h"

static bool
is_address(struct span text)
{
	struct span trimmed = span_trim(text);

	return trimmed.len && trimmed.len == text.len &&
	    !span_starts(text, SPAN("<"));
}

int
main(int argc, char **argv)
{
	const char *sender, *top;
	struct inject inject;

	filter_begin("forward");
	sender = filter_setting("NEWSENDER");
	top = filter_setting("DTLINE");
	for (int i = 1; i < argc; i++)
		if (!is_address(span_of(argv[i])))
			filter_fail(FILTER_PERMANENT,
			    "an address is empty, or has something around it");
	if (argc < 2)
		filter_fail(FILTER_PERMANENT, "usage: forward address ...");
	if (inject_open(&inject, home_dir) < 0)
		filter_fail_errno("cannot run the queue program");
	inject_message(&inject, span_of(top));
	filter_copy(&inject);
	filter_envelope(&inject, span_of(sender), argv + 1, argc - 1);
	filter_close(&inject, FILTER_DONE);
}
