/*
 * ofmipname.c - makes the database of names for ofmipd.
 * Runs as   the administrator, by hand.
 * Reads     lines SENDER:NAME:ADDRESS: on fd 0, trusted.
 * Writes    the database, its first argument, by way of its second.
 * Source    ofmipname(8).
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "config/cdbfile.h"
#include "sys/error.h"
#include "sys/file.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define INPUT_MAX      (256u << 20) /* bytes */

NORETURN static void
fail(const char *what, const char *path)
{
	error_cannot("ofmipname", what, path);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail("get", "memory");
}

/* Adds the record of a line.  Returns false if it is none. */
static bool
add_line(struct cdbfile *file, struct span line)
{
	struct span parts[3];
	struct str record = STR_INIT;

	for (int i = 0; i < 3; i++) {
		size_t end = span_find(line, ':');

		if (end == line.len)
			return false;
		parts[i] = span_upto(line, end);
		line = span_from(line, end + 1);
	}
	str_add_field(&record, parts[1]);
	str_add(&record, parts[2]);
	if (cdbmake_add(&file->make, parts[0], str_span(&record)) < 0) {
		cdbfile_abandon(file);
		fail("write", file->aside.path);
	}
	str_free(&record);
	return true;
}

static void
add_lines(struct cdbfile *file, struct span text)
{
	struct span line;
	size_t number = 0;

	while (span_cut_next(&text, '\n', &line)) {
		number++;
		if (line.len == 0 || line.s[0] == '#')
			continue;
		if (!add_line(file, line)) {
			cdbfile_abandon(file);
			fprintf(stderr,
			    "ofmipname: fatal: line %zu is not "
			    "SENDER:NAME:ADDRESS:\n",
			    number);
			_exit(USAGE_EXIT);
		}
	}
}

int
main(int argc, char **argv)
{
	struct str text = STR_INIT;
	struct cdbfile file;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	if (argc != 3) {
		fputs("usage: ofmipname cdb tmp <lines\n", stderr);
		return USAGE_EXIT;
	}
	if (file_read_fd(0, &text, INPUT_MAX) < 0)
		fail("read", "standard input");
	if (cdbfile_begin(&file, argv[2], argv[1]) < 0)
		fail("write", argv[2]);
	add_lines(&file, str_span(&text));
	if (cdbfile_end(&file, 0644) < 0)
		fail("make", argv[1]);
	str_free(&text);
	return 0;
}
