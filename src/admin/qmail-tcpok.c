/*
 * qmail-tcpok.c - forgets which hosts did not answer.
 * Runs as   root or qmailr, by hand.
 * Reads     nothing.
 * Writes    queue/lock/tcpto: all zero from now on.
 * Source    qmail-tcpok(8); format in net/tcpto.h.
 */
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "net/tcpto.h"
#include "sys/error.h"

#define EXIT_FAILED 111

int
main(void)
{
	must_hooks(EXIT_FAILED, NULL);
	if (chdir(home_dir) < 0)
		error_exit("qmail-tcpok", "cannot enter the home folder");
	if (tcpto_clear() < 0)
		error_exit("qmail-tcpok", "cannot clear " TCPTO_FILE);
	return 0;
}
