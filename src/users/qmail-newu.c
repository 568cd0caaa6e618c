/*
 * qmail-newu.c - makes users/cdb of users/assign.
 * Runs as   root, by hand.
 * Reads     users/assign, trusted.
 * Writes    users/cdb, by way of users/cdb.tmp.
 * Source    qmail-newu(8), qmail-users(5).
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "config/cdbfile.h"
#include "config/home.h"
#include "config/users.h"
#include "sys/error.h"
#include "sys/file.h"
#include "sys/in.h"

#define LIST   "users/assign"
#define ASIDE  "users/cdb.tmp"
#define RESULT "users/cdb"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define LINE_MAX_BYTES 65536

struct making {
	struct cdbfile file;
	struct str key, record;
	struct str marks; /* with which beginnings end, each once */
};

NORETURN static void
fail(const char *what, const char *path)
{
	error_cannot("qmail-newu", what, path);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail("get", "memory");
}

/* What was there before stays as it is. */
NORETURN static void
fail_writing(struct making *making)
{
	cdbfile_abandon(&making->file);
	fail("write", ASIDE);
}

NORETURN static void
fail_at_line(struct making *making, size_t number, const char *why)
{
	cdbfile_abandon(&making->file);
	fprintf(
	    stderr, "qmail-newu: fatal: " LIST ": line %zu %s\n", number, why);
	_exit(TEMPORARY_EXIT);
}

static void
note_mark(struct str *marks, struct span local_part)
{
	char mark;

	if (local_part.len == 0)
		return;
	mark = ascii_lower(local_part.s[local_part.len - 1]);
	if (!span_has(str_span(marks), mark))
		str_add_byte(marks, mark);
}

/* Mail for one that qmail-lspawn cannot use waits until it is mended. */
static void
warn_unless_usable(const struct making *making, size_t number)
{
	struct users_account account;

	if (!users_parse(str_span(&making->record), &account))
		fprintf(stderr,
		    "qmail-newu: warning: " LIST ": line %zu has no user or "
		    "home, or a uid or gid that is no number: its mail will "
		    "wait\n",
		    number);
}

static void
add_line(struct making *making, struct span line, size_t number)
{
	struct users_assignment assignment;
	const char *fault = users_parse_line(line, &assignment);

	if (fault)
		fail_at_line(making, number, fault);
	str_reset(&making->key);
	str_reset(&making->record);
	users_add_key(&making->key, &assignment);
	users_add_record(&making->record, &assignment);
	warn_unless_usable(making, number);
	if (!assignment.is_exact)
		note_mark(&making->marks, assignment.local_part);
	if (cdbmake_add(&making->file.make, str_span(&making->key),
		str_span(&making->record)) < 0)
		fail_writing(making);
}

/* It is easy to add a line behind the dot, and then to wonder. */
static void
warn_of_more(struct in *in, struct str *line, size_t number)
{
	do {
		str_reset(line);
		if (in_read_until(in, '\n', line, LINE_MAX_BYTES) < 0 ||
		    line->len == 0)
			return;
	} while (line->s[0] == '\n' && ++number);
	fprintf(stderr,
	    "qmail-newu: warning: " LIST ": line %zu stands behind the "
	    "one with a dot: from there on nothing counts\n",
	    number);
}

/* A dot ends the list: one that was cut off has none. */
static void
add_lines(struct making *making, struct in *in)
{
	struct str line = STR_INIT;
	struct span text;
	int got;

	for (size_t number = 1;; number++) {
		str_reset(&line);
		got = in_read_until(in, '\n', &line, LINE_MAX_BYTES);
		if (got < 0) {
			cdbfile_abandon(&making->file);
			fail("read", LIST);
		}
		text = str_span(&line);
		if (span_starts(text, SPAN("."))) {
			if (got > 0)
				warn_of_more(in, &line, number + 1);
			break;
		}
		if (got == 0)
			fail_at_line(making, number,
			    "is the end, and no line begins with a dot");
		add_line(making, span_upto(text, text.len - 1), number);
	}
	str_free(&line);
}

int
main(int argc, char **argv)
{
	static struct making making;
	char buffer[8192];
	struct in in;
	int fd;

	(void)argv;
	must_hooks(TEMPORARY_EXIT, out_of_memory);
	if (argc > 1) {
		fputs("usage: qmail-newu\n", stderr);
		return USAGE_EXIT;
	}
	if (chdir(home_dir) < 0)
		fail("enter", home_dir);
	fd = file_open(LIST);
	if (fd < 0)
		fail("read", LIST);
	in_init(&in, fd, buffer, sizeof(buffer));
	if (cdbfile_begin(&making.file, ASIDE, RESULT) < 0)
		fail("write", ASIDE);
	add_lines(&making, &in);
	if (cdbmake_add(&making.file.make, SPAN(""), str_span(&making.marks)) <
	    0)
		fail_writing(&making);
	if (cdbfile_end(&making.file, 0644) < 0)
		fail("make", RESULT);
	return 0;
}
