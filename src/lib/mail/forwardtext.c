/*
 * forwardtext.c - instructions of setforward.
 * Input: of the user
 */
#include "mail/forwardtext.h"

#include "base/ascii.h"
#include "mail/forwarddata.h"
#include "mail/forwardline.h"

static enum forwardtext_event
fail(struct forwardtext *text, const char *fault)
{
	text->fault = fault;
	return FORWARDTEXT_FAULT;
}

/* The command is complete. */
static enum forwardtext_event
judge(struct forwardtext *text)
{
	struct span word = str_span(&text->word);
	bool is_owner = span_starts(word, SPAN("?"));
	struct str address = STR_INIT;

	if (forwarddata_is_nothing(word))
		return fail(text, "a program is missing");
	if (forwarddata_is_list(word) || forwarddata_is_program(word))
		return FORWARDTEXT_COMMAND;
	if (is_owner || span_starts(word, SPAN("&")))
		word = span_from(word, 1);
	if (word.len == 0)
		return fail(text, "an address is empty");
	if (word.len > FORWARDLINE_ADDRESS_MAX)
		return fail(text, "an address is too long");
	if (!is_owner)
		str_add_byte(&address, FORWARDDATA_ADDRESS);
	str_add(&address, word);
	str_set(&text->word, str_span(&address));
	str_free(&address);
	return is_owner ? FORWARDTEXT_OWNER : FORWARDTEXT_COMMAND;
}

/* The next byte that counts: 1, or 2 if a backslash makes it an ordinary one; 0
 * at the end, -1 for a fault. */
static int
next_byte(struct forwardtext *text, char *byte)
{
	bool is_comment = false, is_ordinary = false;

	while (text->rest.len) {
		*byte = text->rest.s[0];
		text->rest = span_from(text->rest, 1);
		if (*byte == '\n')
			text->lines++;
		if (is_comment) {
			is_comment = *byte != '\n';
			continue;
		}
		if (*byte == '\0') {
			(void)fail(text, "there is a NUL");
			return -1;
		}
		if (is_ordinary)
			return 2;
		if (*byte == '#')
			is_comment = true;
		else if (*byte == '\\')
			is_ordinary = true;
		else if (*byte != '\n' && !ascii_is_blank(*byte))
			return 1;
	}
	if (!is_ordinary)
		return 0;
	(void)fail(text, "nothing follows the last backslash");
	return -1;
}

/* Whether this byte begins or ends a word; each means something else. */
static bool
is_mark(char byte)
{
	return byte == ':' || byte == ',' || byte == ';';
}

/* Reads what stands before the colon.  FORWARDTEXT_DONE: here it is. */
static enum forwardtext_event
read_target(struct forwardtext *text)
{
	char byte = 0;
	int got;

	str_reset(&text->target);
	while ((got = next_byte(text, &byte)) > 0) {
		if (got == 2 || !is_mark(byte)) {
			str_add_byte(&text->target, byte);
			continue;
		}
		if (byte == ':')
			return FORWARDTEXT_DONE;
		return fail(text, "a colon is missing behind a target");
	}
	if (got < 0)
		return FORWARDTEXT_FAULT;
	if (text->target.len)
		return fail(text, "the last instruction has no colon");
	return FORWARDTEXT_END;
}

/* Reads a command, or finds the end of the instruction. */
static enum forwardtext_event
read_command(struct forwardtext *text)
{
	char byte = 0;
	int got;

	str_reset(&text->word);
	while ((got = next_byte(text, &byte)) > 0) {
		if (got == 2 || !is_mark(byte)) {
			str_add_byte(&text->word, byte);
			continue;
		}
		if (byte == ':')
			return fail(text, "an instruction has two colons");
		text->is_done = byte == ';';
		if (text->word.len)
			return judge(text);
		if (text->is_done)
			break;
	}
	if (got < 0)
		return FORWARDTEXT_FAULT;
	if (got == 0)
		return fail(text, "the last instruction has no semicolon");
	return FORWARDTEXT_DONE;
}

enum forwardtext_event
forwardtext_next(struct forwardtext *text)
{
	enum forwardtext_event event = FORWARDTEXT_DONE;

	if (!text->in_commands) {
		event = read_target(text);
		text->in_commands = event == FORWARDTEXT_DONE;
		text->is_done = false;
	}
	if (text->in_commands && !text->is_done)
		event = read_command(text);
	if (event == FORWARDTEXT_DONE)
		text->in_commands = false;
	return event;
}

void
forwardtext_free(struct forwardtext *text)
{
	str_free(&text->target);
	str_free(&text->word);
}

void
forwardtext_add(struct str *written, struct span word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.s[i];
		bool is_plain = (ascii_is_printable(c) && c != ' ') || c == 127;

		if (!is_plain || is_mark(c) || c == '#' || c == '\\')
			str_add_byte(written, '\\');
		str_add_byte(written, c);
	}
}
