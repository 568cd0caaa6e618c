/*
 * setforward.c - makes a forwarding database for fastforward.
 * Runs as   the owner of the database, by hand.
 * Reads     instructions on fd 0.
 * Writes    the database, its first argument, by way of its second.
 * Source    setforward(1).
 */
#include "mail/forwardtext.h"
#include "tool.h"

struct making {
	struct cdbfile file;
	struct str commands;
};

/* Without commands there is no record. */
static void
end_instruction(struct making *making, struct span target)
{
	if (making->commands.len)
		tool_add_record(&making->file, FORWARDDATA_TARGET, target,
		    str_span(&making->commands));
	str_reset(&making->commands);
}

static void
add_instructions(struct making *making, struct span input)
{
	struct forwardtext text = { .rest = input };

	for (;;)
		switch (forwardtext_next(&text)) {
		case FORWARDTEXT_COMMAND:
			str_add_field(&making->commands, str_span(&text.word));
			break;
		case FORWARDTEXT_OWNER:
			tool_add_record(&making->file, FORWARDDATA_OWNER,
			    str_span(&text.target), str_span(&text.word));
			break;
		case FORWARDTEXT_DONE:
			end_instruction(making, str_span(&text.target));
			break;
		case FORWARDTEXT_END:
			forwardtext_free(&text);
			return;
		case FORWARDTEXT_FAULT:
			tool_fail_at(TOOL_PERMANENT, "standard input",
			    text.lines + 1, text.fault);
		}
}

int
main(int argc, char **argv)
{
	static struct making making;
	struct str input = STR_INIT;

	tool_begin("setforward");
	if (argc < 3)
		tool_fail(TOOL_PERMANENT, "usage: setforward cdb tmp <text");
	tool_read(NULL, &input);
	if (cdbfile_begin(&making.file, argv[2], argv[1]) < 0)
		tool_cannot("write", argv[2]);
	tool_watch(&making.file.aside);
	add_instructions(&making, str_span(&input));
	if (cdbfile_end(&making.file, 0644) < 0)
		tool_cannot("make", argv[1]);
	str_free(&input);
	return 0;
}
