/*
 * qmail-newpop.c - makes users/pop.cdb from users/pop.
 * Runs as   root, by hand.
 * Reads     users/pop, trusted; it has passwords.
 * Writes    users/pop.cdb, by way of users/pop.tmp, for root alone.
 * Source    qmail-newpop(8).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/secret.h"
#include "config/cdbfile.h"
#include "config/control.h"
#include "config/home.h"
#include "config/popusers.h"
#include "sys/error.h"
#include "sys/file.h"
#include "sys/in.h"

#define LIST  "users/pop"
#define ASIDE "users/pop.tmp"

#define TEMPORARY_EXIT 111
#define MODE	       0600

/* All failures: what could not be done, with errno. */
enum failure {
	CANNOT_ENTER,
	CANNOT_READ,
	NO_LIST,
	CANNOT_WRITE,
	CANNOT_MAKE,
	OUT_OF_MEMORY,
};

static const char *const failures[] = {
	[CANNOT_ENTER] = "cannot enter the home of the suite",
	[CANNOT_READ] = "cannot read " LIST,
	[NO_LIST] = "there is no " LIST,
	[CANNOT_WRITE] = "cannot write " ASIDE,
	[CANNOT_MAKE] = "cannot make users/pop.cdb",
	[OUT_OF_MEMORY] = "out of memory",
};

/* What was there before stays as it is. */
NORETURN static void
fail(enum failure why)
{
	fprintf(stderr, "qmail-newpop: fatal: %s: %s\n", failures[why],
	    error_text(errno));
	_exit(TEMPORARY_EXIT);
}

/* The line itself has a password: it is not shown. */
NORETURN static void
fail_at_line(size_t number, const char *why)
{
	fprintf(stderr, "qmail-newpop: fatal: %s: line %zu %s\n", LIST, number,
	    why);
	_exit(TEMPORARY_EXIT);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail(OUT_OF_MEMORY);
}

static void
add_user(struct cdbfile *file, const struct popuser *user)
{
	struct str key = STR_INIT, record = STR_INIT;

	popuser_add_key(&key, user->name);
	popuser_format(user, &record);
	if (record.len > POPUSERS_RECORD_MAX) {
		cdbfile_abandon(file);
		errno = EMSGSIZE;
		fail(CANNOT_WRITE);
	}
	if (cdbmake_add(&file->make, str_span(&key), str_span(&record)) < 0) {
		cdbfile_abandon(file);
		fail(CANNOT_WRITE);
	}
	secret_wipe(record.s, record.len);
	str_free(&key);
	str_free(&record);
}

static void
add_users(struct cdbfile *file, struct in *in)
{
	struct str text = STR_INIT;
	int got = 1;

	for (size_t number = 1; got > 0; number++) {
		struct span line;
		struct popuser user;
		const char *fault;

		str_reset(&text);
		got = in_read_until(in, '\n', &text, CONTROL_LINE_MAX);
		if (got < 0) {
			cdbfile_abandon(file);
			fail(CANNOT_READ);
		}
		line = span_upto(str_span(&text), text.len - (size_t)got);
		line = control_clean_line(line);
		if (line.len == 0 || line.s[0] == '#')
			continue;
		fault = popuser_parse_line(line, &user);
		if (fault) {
			cdbfile_abandon(file);
			fail_at_line(number, fault);
		}
		add_user(file, &user);
	}
	secret_wipe(text.s, text.cap);
	str_free(&text);
}

int
main(void)
{
	struct cdbfile file;
	char buffer[8192];
	struct in in;
	int fd;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	(void)umask(077);
	if (chdir(home_dir) < 0)
		fail(CANNOT_ENTER);
	fd = file_open(LIST);
	if (fd < 0)
		fail(errno == ENOENT ? NO_LIST : CANNOT_READ);
	in_init(&in, fd, buffer, sizeof(buffer));
	if (cdbfile_begin(&file, ASIDE, home_pop_cdb) < 0)
		fail(CANNOT_WRITE);
	add_users(&file, &in);
	secret_wipe(buffer, sizeof(buffer));
	if (cdbfile_end(&file, MODE) < 0)
		fail(CANNOT_MAKE);
	return 0;
}
