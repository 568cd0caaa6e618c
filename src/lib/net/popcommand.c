/*
 * popcommand.c - commands of POP3 clients.
 * Input: hostile
 */
#include "net/popcommand.h"

#include "base/scan.h"

static const char *const verbs[POP_VERBS] = {
	[POP_APOP] = "APOP",
	[POP_CAPA] = "CAPA",
	[POP_DELE] = "DELE",
	[POP_LAST] = "LAST",
	[POP_LIST] = "LIST",
	[POP_NOOP] = "NOOP",
	[POP_PASS] = "PASS",
	[POP_QUIT] = "QUIT",
	[POP_RETR] = "RETR",
	[POP_RSET] = "RSET",
	[POP_STAT] = "STAT",
	[POP_STLS] = "STLS",
	[POP_TOP] = "TOP",
	[POP_UIDL] = "UIDL",
	[POP_USER] = "USER",
};

static struct span
skip_blanks(struct span text)
{
	while (text.len && text.s[0] == ' ')
		text = span_from(text, 1);
	return text;
}

void
popcommand_parse(struct span line, struct popcommand *command)
{
	struct span verb;

	if (span_ends(line, SPAN("\n")))
		line = span_upto(line, line.len - 1);
	if (span_ends(line, SPAN("\r")))
		line = span_upto(line, line.len - 1);
	verb = span_upto(line, span_find(line, ' '));
	*command = (struct popcommand){ .verb = POP_UNKNOWN,
		.argument = skip_blanks(span_from(line, verb.len)) };
	if (span_has(line, '\0'))
		return;
	for (int i = POP_UNKNOWN + 1; i < POP_VERBS; i++)
		if (span_equal_nocase(verb, span_of(verbs[i])))
			command->verb = (enum popcommand_verb)i;
}

bool
popcommand_cut_number(struct span *argument, uint64_t max, uint64_t *number)
{
	struct span word = span_upto(*argument, span_find(*argument, ' '));

	if (!scan_u64(word, max, number))
		return false;
	*argument = skip_blanks(span_from(*argument, word.len));
	return true;
}

bool
popcommand_cut_name(struct span *argument, struct span *name)
{
	size_t blank = span_find(*argument, ' ');

	if (blank == 0 || blank == argument->len)
		return false;
	*name = span_upto(*argument, blank);
	*argument = span_from(*argument, blank + 1);
	return true;
}
