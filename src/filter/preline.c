/*
 * preline.c - gives a message to a program with the lines on top that it would
 * have in an mbox: From_, Return-Path, Delivered-To.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the message on fd 0; UFLINE, RPLINE and DTLINE.
 * Execs     the program of its arguments, and ends as that does.
 * Source    preline(1), qmail-command(8).
 */
#include <string.h>

#include "base/str.h"
#include "filter.h"

/* The lines, and the letters that leave them out or put them back. */
static struct {
	char without, with;
	bool is_left_out;
	const char *name;
} lines[] = {
	{ 'f', 'F', false, "UFLINE" },
	{ 'r', 'R', false, "RPLINE" },
	{ 'd', 'D', false, "DTLINE" },
};

#define LINES (sizeof(lines) / sizeof(*lines))

NORETURN static void
fail_usage(void)
{
	filter_fail(FILTER_PERMANENT,
	    "usage: preline [-dDfFrR] program [argument ...]");
}

static void
take_letter(char letter)
{
	for (size_t i = 0; i < LINES; i++)
		if (letter == lines[i].without || letter == lines[i].with) {
			lines[i].is_left_out = letter == lines[i].without;
			return;
		}
	fail_usage();
}

/* Returns what follows the options. */
static char **
take_options(char **argv)
{
	for (argv++; *argv && argv[0][0] == '-' && argv[0][1]; argv++) {
		if (strcmp(*argv, "--") == 0)
			return argv + 1;
		for (const char *letter = *argv + 1; *letter; letter++)
			take_letter(*letter);
	}
	return argv;
}

static void
add_lines(struct str *top)
{
	for (size_t i = 0; i < LINES; i++) {
		const char *line = filter_setting(lines[i].name);

		if (!lines[i].is_left_out)
			str_add_z(top, line);
	}
}

int
main(int argc, char **argv)
{
	struct str top = STR_INIT;
	int code;

	filter_begin("preline");
	argv = argc > 0 ? take_options(argv) : argv;
	if (!*argv)
		fail_usage();
	add_lines(&top);
	filter_start_over();
	code = filter_run_below(argv, str_span(&top), FILTER_PERMANENT);
	filter_give_back();
	str_free(&top);
	return code;
}
