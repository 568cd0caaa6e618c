/*
 * serial_result.c - what maildirserial and its client say to each other.
 * Input: names from maildirserial; words hostile
 */
#include "serial_result.h"

#include <unistd.h>

#include "base/ascii.h"
#include "sys/out.h"

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
	char buffer[SERIAL_NAME_MAX + SERIAL_WORDS_MAX + 3];
	struct out out;

	out_init(&out, 1, buffer, sizeof(buffer));
	(void)out_add(&out, name); /* out_flush tells */
	(void)out_add(&out, span_make("", 1));
	(void)out_add(&out, span_make(&letter, 1));
	words = span_upto(words, SERIAL_WORDS_MAX);
	for (size_t i = 0; i < words.len; i++)
		(void)out_add(&out,
		    ascii_is_control(words.s[i]) ? SPAN(" ")
						 : span_make(&words.s[i], 1));
	(void)out_add(&out, SPAN("\n"));
	if (out_flush(&out) < 0)
		_exit(TEMPORARY_EXIT);
}
