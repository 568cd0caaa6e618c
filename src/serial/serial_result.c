/*
 * serial_result.c - what maildirserial and its client say to each other.
 * Input: names from maildirserial; words hostile
 */
#include "serial_result.h"

#include <unistd.h>

#include "base/ascii.h"
#include "sys/fd.h"

#define TEMPORARY_EXIT 111

bool
serial_result_next_name(struct in *names, struct str *name)
{
	str_reset(name);
	if (in_read_until(names, '\0', name, SERIAL_NAME_MAX) <= 0)
		return false;
	str_cut(name, name->len - 1);
	return true;
}

void
serial_result_write(struct span name, char letter, struct span words)
{
	struct str line = STR_INIT;

	str_add(&line, name);
	str_add_byte(&line, '\0');
	str_add_byte(&line, letter);
	words = span_upto(words, SERIAL_WORDS_MAX);
	for (size_t i = 0; i < words.len; i++)
		str_add_byte(
		    &line, ascii_is_control(words.s[i]) ? ' ' : words.s[i]);
	str_add_byte(&line, '\n');
	if (fd_write_all(1, str_span(&line)) < 0)
		_exit(TEMPORARY_EXIT);
	str_free(&line);
}
