/*
 * printmaillist.c - shows a binary list of addresses, an entry a line.
 * Runs as   its caller.
 * Reads     the list on fd 0.
 * Writes    lines that setmaillist takes, on fd 1.
 * Source    printmaillist(1).
 */
#include "tool.h"

static bool
is_entry(struct span entry)
{
	return (forwarddata_is_list(entry) || span_starts(entry, SPAN("&"))) &&
	    !span_has(entry, '\n');
}

int
main(void)
{
	struct str text = STR_INIT;
	struct span rest, entry;
	char buffer[8192];
	struct out out;
	int got;

	tool_begin("printmaillist");
	tool_read(NULL, &text);
	out_init(&out, 1, buffer, sizeof(buffer));
	rest = str_span(&text);
	while ((got = forwarddata_next(&rest, &entry)) > 0 && is_entry(entry)) {
		(void)out_add(&out, entry); /* see out_flush */
		(void)out_add(&out, SPAN("\n"));
	}
	if (out_flush(&out) < 0)
		tool_cannot("write", "standard output");
	if (got != 0)
		tool_fail(TOOL_PERMANENT, "this is no binary list");
	str_free(&text);
	return 0;
}
