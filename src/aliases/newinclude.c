/*
 * newinclude.c - makes a binary list of addresses from a text.
 * Runs as   the owner of the list, by hand.
 * Reads     the list, its argument; control files; QMAILDEFAULTHOST,
 *           QMAILDEFAULTDOMAIN, QMAILPLUSDOMAIN.
 * Writes    LIST.bin, by way of LIST.tmp.
 * Source    newinclude(1).
 */
#include "config/hostnames.h"
#include "tool.h"

static void
write_list(const char *path, struct span text, struct span rules)
{
	struct tool_line parsed = { STR_INIT, NULL };
	struct str aside_path = STR_INIT, result = STR_INIT;
	struct aside aside;
	char buffer[8192];
	struct span line;
	struct out out;

	str_add_z(&aside_path, path);
	str_add_z(&aside_path, ".tmp");
	str_add_z(&result, path);
	str_add_z(&result, ".bin");
	if (aside_open(&aside, str_z(&aside_path), str_z(&result)) < 0)
		tool_cannot("write", str_z(&aside_path));
	tool_watch(&aside);
	out_init(&out, aside.fd, buffer, sizeof(buffer));
	for (size_t number = 1; span_cut_next(&text, '\n', &line); number++) {
		if (span_starts(line, SPAN("#")))
			continue;
		str_reset(&parsed.commands);
		tool_recipients(&parsed, line, rules, false);
		if (parsed.fault)
			tool_fail_at(
			    TOOL_TEMPORARY, path, number, parsed.fault);
		(void)out_add(&out, str_span(&parsed.commands)); /* see flush */
	}
	if (out_flush(&out) < 0 || aside_finish(&aside, 0644) < 0)
		tool_cannot("write", str_z(&result));
	str_free(&parsed.commands);
	str_free(&aside_path);
	str_free(&result);
}

int
main(int argc, char **argv)
{
	struct str text = STR_INIT, rules = STR_INIT;
	int found;

	tool_begin("newinclude");
	if (argc != 2)
		tool_fail(TOOL_PERMANENT, "usage: newinclude list");
	tool_read(argv[1], &text);
	found = hostnames_read_completion(&rules, true);
	if (found < 0)
		tool_cannot("read", "the control files");
	if (found == 0)
		tool_fail(TOOL_TEMPORARY, "there is no control/me");
	write_list(argv[1], str_span(&text), str_span(&rules));
	str_free(&text);
	str_free(&rules);
	return 0;
}
