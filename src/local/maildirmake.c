/*
 * maildirmake.c - makes a Maildir.
 * Runs as   the user, by hand.
 * Writes    the folder named by its argument, with tmp, new and cur in it.
 * Source    maildirmake(1), maildir(5).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/must.h"
#include "maildir.h"
#include "sys/error.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111

NORETURN static void
fail(const char *what, const char *why, int exit_code)
{
	fprintf(stderr, "maildirmake: fatal: %s: %s\n", what, why);
	_exit(exit_code);
}

/* What cannot be made whole is taken away again. */
static void
take_back(const char *folder)
{
	static const char *const names[] = { "cur", "new", "tmp" };

	if (chdir(folder) == 0)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			(void)rmdir(names[i]);
}

int
main(int argc, char **argv)
{
	must_hooks(TEMPORARY_EXIT, NULL);
	if (argc == 3 && strcmp(argv[1], "--") == 0)
		argv++, argc--;
	if (argc != 2)
		fail("usage", "maildirmake name", USAGE_EXIT);
	(void)umask(077);
	if (mkdir(argv[1], 0700) < 0)
		fail(argv[1], error_text(errno), TEMPORARY_EXIT);
	if (maildir_fill(argv[1]) < 0) {
		int number = errno;

		take_back(argv[1]);
		fail(argv[1], error_text(number), TEMPORARY_EXIT);
	}
	return 0;
}
