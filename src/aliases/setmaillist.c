/*
 * setmaillist.c - makes a binary list of addresses, taken as they are.
 * Runs as   the owner of the list, by hand.
 * Reads     an address or the name of another list a line, on fd 0.
 * Writes    the list, its first argument, by way of its second.
 * Source    setmaillist(1).
 */
#include "mail/forwardline.h"
#include "tool.h"

/* Returns NULL, or why the line cannot be used. */
static const char *
add_entry(struct out *out, struct span line)
{
	struct span entry = span_trim_end(line);

	if (entry.len == 0 || span_starts(line, SPAN("#")))
		return NULL;
	if (!forwarddata_is_list(entry)) {
		if (span_starts(entry, SPAN("&")))
			entry = span_from(entry, 1);
		if (entry.len == 0)
			return "an address is empty";
		(void)out_add(out, SPAN("&")); /* see out_flush */
	}
	if (span_has(entry, '\0'))
		return "there is a NUL";
	if (entry.len > FORWARDLINE_ADDRESS_MAX)
		return "an address is too long";
	(void)out_add(out, entry); /* likewise */
	(void)out_add(out, SPAN("\0"));
	return NULL;
}

int
main(int argc, char **argv)
{
	struct str text = STR_INIT;
	struct span rest, line;
	struct aside aside;
	char buffer[8192];
	struct out out;

	tool_begin("setmaillist");
	if (argc < 3)
		tool_fail(TOOL_PERMANENT, "usage: setmaillist bin tmp <text");
	tool_read(NULL, &text);
	if (aside_open(&aside, argv[2], argv[1]) < 0)
		tool_cannot("write", argv[2]);
	tool_watch(&aside);
	out_init(&out, aside.fd, buffer, sizeof(buffer));
	rest = str_span(&text);
	for (size_t number = 1; span_cut_next(&rest, '\n', &line); number++) {
		const char *fault = add_entry(&out, line);

		if (fault)
			tool_fail_at(
			    TOOL_TEMPORARY, "standard input", number, fault);
	}
	if (out_flush(&out) < 0 || aside_finish(&aside, 0644) < 0)
		tool_cannot("write", argv[1]);
	str_free(&text);
	return 0;
}
