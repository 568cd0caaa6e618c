/*
 * qmail-tcpok.c - forgets which hosts did not answer.
 * Runs as   root or qmailr, by hand.
 * Reads     nothing.
 * Writes    queue/lock/tcpto: all zero from now on.
 * Source    qmail-tcpok(8); format in net/tcpto.h.
 */
#include <errno.h>
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "net/tcpto.h"
#include "sys/error.h"
#include "sys/fd.h"

#define EXIT_FAILED 111

NORETURN static void
fail(const char *what)
{
	struct str text = STR_INIT;

	str_add_z(&text, "qmail-tcpok: cannot ");
	str_add_z(&text, what);
	str_add_z(&text, ": ");
	str_add_z(&text, error_text(errno));
	str_add_z(&text, "\n");
	(void)!fd_write_all(2, str_span(&text));
	_exit(EXIT_FAILED);
}

int
main(void)
{
	must_hooks(EXIT_FAILED, NULL);
	if (chdir(home_dir) < 0)
		fail("enter the home folder");
	if (tcpto_clear() < 0)
		fail("clear " TCPTO_FILE);
	return 0;
}
