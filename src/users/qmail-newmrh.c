/*
 * qmail-newmrh.c - makes control/morercpthosts.cdb from morercpthosts.
 * Runs as   root, by hand.
 * Reads     control/morercpthosts, trusted.
 * Writes    control/morercpthosts.cdb, by way of morercpthosts.tmp.
 * Source    qmail-newmrh(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "config/cdbmake.h"
#include "config/control.h"
#include "config/home.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"

#define LIST   "control/morercpthosts"
#define ASIDE  "control/morercpthosts.tmp"
#define RESULT "control/morercpthosts.cdb"

#define TEMPORARY_EXIT 111

/* All failures: what could not be done, with errno. */
enum failure {
	CANNOT_ENTER,
	CANNOT_READ,
	NO_LIST,
	CANNOT_WRITE,
	CANNOT_RENAME,
	OUT_OF_MEMORY,
};

static const char *const failures[] = {
	[CANNOT_ENTER] = "cannot enter the home of the suite",
	[CANNOT_READ] = "cannot read " LIST,
	[NO_LIST] = "there is no " LIST,
	[CANNOT_WRITE] = "cannot write " ASIDE,
	[CANNOT_RENAME] = "cannot rename " ASIDE " to " RESULT,
	[OUT_OF_MEMORY] = "out of memory",
};

/* What was there before stays as it is. */
NORETURN static void
fail(enum failure why)
{
	fprintf(stderr, "qmail-newmrh: fatal: %s: %s\n", failures[why],
	    error_text(errno));
	_exit(TEMPORARY_EXIT);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail(OUT_OF_MEMORY);
}

/* Adds the hosts, in lower case. */
static int
add_hosts(struct cdbmake *make, struct str *lines)
{
	struct span rest, host;

	for (size_t i = 0; i < lines->len; i++)
		lines->s[i] = ascii_lower(lines->s[i]);
	rest = str_span(lines);
	while (span_cut_next(&rest, '\n', &host))
		if (cdbmake_add(make, host, SPAN("")) < 0)
			return -1;
	return 0;
}

static void
write_database(struct str *lines)
{
	struct cdbmake make;
	int fd = open(
	    ASIDE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || cdbmake_begin(&make, fd) < 0 ||
	    add_hosts(&make, lines) < 0 || cdbmake_end(&make) < 0 ||
	    fchmod(fd, 0644) < 0 || file_sync(fd) < 0)
		fail(CANNOT_WRITE);
	cdbmake_free(&make);
	fd_close(fd);
	if (rename(ASIDE, RESULT) < 0 || file_sync_folder(home_control_dir) < 0)
		fail(CANNOT_RENAME);
}

int
main(void)
{
	struct str lines = STR_INIT;
	int found;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	if (chdir(home_dir) < 0)
		fail(CANNOT_ENTER);
	found = control_read_list(LIST, &lines);
	if (found <= 0)
		fail(found < 0 ? CANNOT_READ : NO_LIST);
	write_database(&lines);
	str_free(&lines);
	return 0;
}
