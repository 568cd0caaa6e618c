/*
 * greetdelay.c - lets a client wait for the greeting, and refuses it if it
 * cannot: who talks before its turn is a program that hears nothing.
 * Runs as   qmaild, one process a connection, between tcpserver and
 *           qmail-smtpd.
 * Reads     nothing; it only looks whether there is something on fd 0.
 * Writes    a refusal on fd 1; a line on fd 2.
 * Execs     the program of its arguments.
 * Source    greetdelay(8); RFC 5321 3.1.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "sys/fd.h"
#include "sys/logline.h"
#include "sys/signal.h"
#include "sys/sock.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define SECONDS_MAX    300 /* RFC 5321 4.5.3.2.1: clients wait that long */
#define CLIENT_FD      0
#define REFUSAL	       "554 5.5.1 you talk before the greeting\r\n"

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(
	    2, SPAN("usage: greetdelay seconds program [arguments]\n"));
	_exit(USAGE_EXIT);
}

/* Tells the log, and not the client, that it was refused and why. */
static void
log_refusal(const char *name, struct span value)
{
	const char *ip = getenv("TCPREMOTEIP");
	struct str line = STR_INIT;

	logline_begin(
	    &line, "greetdelay refused", span_of(ip ? ip : "unknown"));
	logline_quoted(&line, name, value);
	logline_end(&line);
}

NORETURN static void
refuse(void)
{
	log_refusal(" reply", span_upto(SPAN(REFUSAL), sizeof(REFUSAL) - 3));
	/* It has not listened so far; if it does not now, so be it. */
	(void)!fd_write_all(1, SPAN(REFUSAL));
	_exit(0);
}

int
main(int argc, char **argv)
{
	uint64_t seconds;
	int waits = 0;

	must_hooks(TEMPORARY_EXIT, NULL);
	if (argc < 3 || !scan_u64(span_of(argv[1]), SECONDS_MAX, &seconds))
		end_usage();
	signal_ignore(SIGPIPE);
	if (!getenv("RELAYCLIENT")) /* our own clients need not wait */
		waits = sock_wait_input(CLIENT_FD, (int64_t)seconds * 1000);
	if (waits > 0)
		refuse();
	signal_default(SIGPIPE);
	(void)execvp(argv[2], argv + 2);
	log_refusal(" reason", SPAN("the program cannot be run"));
	_exit(TEMPORARY_EXIT);
}
