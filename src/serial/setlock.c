/*
 * setlock.c - runs a program while it holds a lock.
 * Runs as   anybody.
 * Reads     nothing.
 * Writes    nothing; makes the file named by its argument.
 * Execs     the program named by its arguments.
 * Source    setlock(8).
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/attr.h"
#include "sys/error.h"
#include "sys/lock.h"

#define USAGE_EXIT 100

NORETURN static void
end_usage(void)
{
	fputs("usage: setlock [-nNxX] file program [arguments]\n", stderr);
	_exit(USAGE_EXIT);
}

int
main(int argc, char **argv)
{
	bool waits = true, is_quiet = false;
	int option, fd, result;

	while ((option = getopt(argc, argv, "+nNxX")) != -1)
		switch (option) {
		case 'n':
		case 'N':
			waits = option == 'N';
			break;
		case 'x':
		case 'X':
			is_quiet = option == 'x';
			break;
		default:
			end_usage();
		}
	argv += optind;
	if (argc - optind < 2)
		end_usage();
	/* It stays open in the program, and so the lock stays. */
	fd = open(argv[0], O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0600);
	if (fd < 0 && is_quiet)
		_exit(0);
	if (fd < 0)
		error_cannot("setlock", "open", argv[0]);
	result = waits ? lock_wait(fd) : lock_try(fd);
	if (result < 0 && is_quiet)
		_exit(0);
	if (result < 0)
		error_cannot("setlock", "lock", argv[0]);
	(void)execvp(argv[1], argv + 1);
	error_cannot("setlock", "run", argv[1]);
}
