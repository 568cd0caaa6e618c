/*
 * qmail-newmrh.c - makes control/morercpthosts.cdb from morercpthosts, or the
 * database of another such list.
 * Runs as   root, by hand.
 * Reads     control/morercpthosts, morebadmailfrom, morebadrcptto or moresenders,
 *           trusted.
 * Writes    control/NAME.cdb, by way of NAME.tmp.
 * Source    qmail-newmrh(8).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/wordset.h"
#include "config/cdbfile.h"
#include "config/control.h"
#include "config/home.h"
#include "sys/error.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111

/* The lists that can be made; the first is made without an argument. */
static const struct list {
	const char *name;
	char separator; /* of a word and its value; NUL: there are no values */
} lists[] = {
	{ "morercpthosts", '\0' },
	{ "morebadmailfrom", '\0' },
	{ "morebadrcptto", '\0' },
	{ "moresenders", ':' },
};

struct paths {
	struct str list, aside, result;
};

/* What was there before stays as it is. */
NORETURN static void
fail(const char *what, const char *path)
{
	error_cannot("qmail-newmrh", what, path);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail("get", "memory");
}

/* A line without the separator tells nothing, as in control_read_set. */
static int
add_words(struct cdbmake *make, char separator, struct span lines)
{
	struct span line;

	while (span_cut_next(&lines, '\n', &line)) {
		size_t end = separator ? span_find(line, separator) : line.len;

		if (separator && end == line.len)
			continue;
		if (cdbmake_add(make, span_upto(line, end),
			span_from(line, end + 1)) < 0)
			return -1;
	}
	return 0;
}

/* Whoever reads the database finds the first of two lines of one name, and who
 * reads such a list itself the last: so there may be one. */
static void
refuse_doubles(const char *path, char separator, struct span lines)
{
	struct wordset seen = WORDSET_INIT;
	struct span line;

	while (separator && span_cut_next(&lines, '\n', &line)) {
		size_t end = span_find(line, separator);
		struct span name = span_upto(line, end);

		if (end == line.len)
			continue;
		if (wordset_find(&seen, name, NULL)) {
			fprintf(stderr,
			    "qmail-newmrh: fatal: %s has two lines for %.*s\n",
			    path, (int)name.len, name.s);
			_exit(TEMPORARY_EXIT);
		}
		wordset_add(&seen, name, SPAN(""));
	}
	wordset_free(&seen);
}

static void
write_database(struct paths *paths, char separator, struct span lines)
{
	struct cdbfile file;

	if (cdbfile_begin(&file, str_z(&paths->aside), str_z(&paths->result)) <
	    0)
		fail("write", str_z(&paths->aside));
	if (add_words(&file.make, separator, lines) < 0) {
		cdbfile_abandon(&file);
		fail("write", str_z(&paths->aside));
	}
	if (cdbfile_end(&file, 0644) < 0)
		fail("make", str_z(&paths->result));
}

static void
set_path(struct str *path, const char *name, const char *ending)
{
	str_set(path, SPAN("control/"));
	str_add_z(path, name);
	str_add_z(path, ending);
}

/* The list of that name, or NULL. */
static const struct list *
find_list(const char *wanted)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (strcmp(lists[i].name, wanted) == 0)
			return &lists[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	struct paths paths = { STR_INIT, STR_INIT, STR_INIT };
	const struct list *list = argc > 1 ? find_list(argv[1]) : &lists[0];
	struct str lines = STR_INIT, words = STR_INIT;
	int found;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	if (!list || argc > 2) {
		fputs("usage: qmail-newmrh [morercpthosts | morebadmailfrom | "
		      "morebadrcptto | moresenders]\n",
		    stderr);
		return USAGE_EXIT;
	}
	set_path(&paths.list, list->name, "");
	set_path(&paths.aside, list->name, ".tmp");
	set_path(&paths.result, list->name, ".cdb");
	if (chdir(home_dir) < 0)
		fail("enter", home_dir);
	found = control_read_list(str_z(&paths.list), &lines);
	if (found == 0)
		errno = ENOENT;
	if (found <= 0)
		fail("read", str_z(&paths.list));
	str_add_lower(&words, str_span(&lines));
	refuse_doubles(str_z(&paths.list), list->separator, str_span(&words));
	write_database(&paths, list->separator, str_span(&words));
	str_free(&lines);
	str_free(&words);
	str_free(&paths.list);
	str_free(&paths.aside);
	str_free(&paths.result);
	return 0;
}
