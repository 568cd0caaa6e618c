/*
 * qmail-pw2u.c - makes assignments for users/assign of lines like those of
 * passwd(5).
 * Runs as   root, by hand.
 * Reads     lines on fd 0; users/include, exclude, mailnames, subusers, append;
 *           all trusted.
 * Writes    the assignments on fd 1, when all is well.
 * Source    qmail-pw2u(8).
 */
#include "pw2u.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define INPUT_MAX      (1u << 30) /* bytes */

NORETURN static void
fail_usage(void)
{
	fputs("usage: qmail-pw2u [-/ohHuUC] [-cCHARACTER]\n", stderr);
	_exit(USAGE_EXIT);
}

NORETURN static void
fail(const char *what, const char *path)
{
	error_cannot("qmail-pw2u", what, path);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail("get", "memory");
}

/* One letter of an option.  Returns how many words it takes besides. */
static int
take_letter(struct pw2u *pw2u, const char **letter, const char *next)
{
	switch (**letter) {
	case '/':
		pw2u->has_slash = true;
		return 0;
	case 'o':
		pw2u->homes = PW2U_SKIP_MISSING;
		return 0;
	case 'h':
		pw2u->homes = PW2U_STOP_AT_MISSING;
		return 0;
	case 'H':
		pw2u->homes = PW2U_ANY_HOME;
		return 0;
	case 'u':
	case 'U':
		pw2u->takes_capitals = **letter == 'u';
		return 0;
	case 'C':
		pw2u->mark = '\0';
		return 0;
	case 'c':
		break;
	default:
		fail_usage();
	}
	if ((*letter)[1]) {
		pw2u->mark = (*letter)[1];
		*letter += strlen(*letter) - 1;
		return 0;
	}
	if (!next)
		fail_usage();
	pw2u->mark = *next;
	return 1;
}

static void
take_options(struct pw2u *pw2u, char **argv)
{
	for (argv++; *argv && argv[0][0] == '-' && argv[0][1]; argv++) {
		if (strcmp(*argv, "--") == 0)
			return;
		for (const char *letter = *argv + 1; *letter; letter++)
			argv += take_letter(pw2u, &letter, argv[1]);
	}
}

static void
read_set(const char *path, char separator, struct wordset *set, bool *is_there)
{
	int found = control_read_set(path, separator, set);

	if (found < 0)
		fail("read", path);
	*is_there = found > 0;
}

static void
read_lists(struct pw2u *pw2u)
{
	bool ignored;
	int found;

	read_set("users/include", '\0', &pw2u->include, &pw2u->has_include);
	read_set("users/exclude", '\0', &pw2u->exclude, &ignored);
	read_set("users/mailnames", ':', &pw2u->mail_names, &ignored);
	found = control_read_list("users/subusers", &pw2u->subusers);
	if (found < 0)
		fail("read", "users/subusers");
}

/* What was to be added is copied as it is. */
static void
add_appended(struct str *written)
{
	if (file_read("users/append", written, INPUT_MAX) < 0 &&
	    errno != ENOENT)
		fail("read", "users/append");
	if (written->len && written->s[written->len - 1] != '\n')
		str_add_byte(written, '\n');
}

int
main(int argc, char **argv)
{
	static struct pw2u pw2u = { .mark = '-' };
	struct str accounts = STR_INIT;
	const char *fault;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	if (argc > 0)
		take_options(&pw2u, argv);
	if (chdir(home_dir) < 0)
		fail("enter", home_dir);
	read_lists(&pw2u);
	if (file_read_fd(0, &accounts, INPUT_MAX) < 0)
		fail("read", "standard input");
	fault = pw2u_make(&pw2u, str_span(&accounts));
	if (fault) {
		fprintf(stderr, "qmail-pw2u: fatal: %s: %s\n",
		    str_z(&pw2u.culprit), fault);
		return TEMPORARY_EXIT;
	}
	add_appended(&pw2u.written);
	str_add_z(&pw2u.written, ".\n");
	if (fd_write_all(1, str_span(&pw2u.written)) < 0)
		fail("write", "standard output");
	return 0;
}
