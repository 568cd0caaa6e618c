/*
 * offertls.c - gives a program the means to speak TLS, by UCSPI-TLS.
 * Runs as   qmaild, between tcpserver and a program for port 25, 110, 587 ...;
 *           with -i the client begins with TLS, as on port 465 and 995; with -c
 *           behind tcpclient, for a program that is a client itself.
 * Reads     nothing of the connection.
 * Writes    nothing; becomes the program of its arguments.  Without -i a process
 *           waits in the background until that asks for TLS or ends.
 * Source    offertls(8), net/starttls.h, net/tlsdoor.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "config/home.h"
#include "environment.h"
#include "net/starttls.h"
#include "net/tlsdoor.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111

/* Who is at the other end of the connection. */
struct side {
	const char *door;
	int network; /* descriptor */
};

static const struct side client = { TLSDOOR_SERVER, 0 };
static const struct side server = { TLSDOOR_CLIENT, 6 };

struct tunnel {
	int control[2]; /* of the program, and ours; likewise: */
	int reading[2]; /* what the client says: read by the program */
	int writing[2]; /* what the program says */
};

NORETURN static void
fail(const char *what, int number)
{
	struct str line = STR_INIT;

	str_add_z(&line, "offertls: ");
	str_add_z(&line, what);
	str_add_z(&line, ": ");
	str_add_z(&line, error_text(number));
	str_add_byte(&line, '\n');
	fd_write_line(2, str_span(&line));
	_exit(TEMPORARY_EXIT);
}

/* ---- TLS when the program asks for it ---- */

/* Passes the connection on when the program asks. */
NORETURN static void
wait_for_word(const struct side *side, const struct tunnel *tunnel)
{
	char letter;
	int door;

	fd_close(tunnel->control[0]);
	fd_close(tunnel->reading[0]);
	fd_close(tunnel->writing[1]);
	if (fd_read(tunnel->control[1], &letter, 1) != 1 ||
	    (letter != TLSDOOR_START && letter != TLSDOOR_REPORT))
		_exit(0);
	door = tlsdoor_open(home_dir, side->door);
	if (door < 0 ||
	    tlsdoor_ask(door, span_make(&letter, 1),
		(int[TLSDOOR_FDS]){ [TLSDOOR_NETWORK] = side->network,
		    [TLSDOOR_CONTROL] = tunnel->control[1],
		    [TLSDOOR_TO_PROGRAM] = tunnel->reading[1],
		    [TLSDOOR_FROM_PROGRAM] = tunnel->writing[0] }) < 0)
		fail(side->door, errno);
	_exit(0);
}

/* Starts that in the background: the program is nobody's parent. */
static void
start_waiting(const struct side *side, const struct tunnel *tunnel)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			wait_for_word(side, tunnel);
		_exit(pid < 0 ? TEMPORARY_EXIT : 0);
	}
	if (pid < 0 || spawn_wait(pid, &status) < 0 ||
	    spawn_exit_code(status) != 0)
		fail("fork", errno);
}

static void
set_number(const char *name, int number)
{
	struct str text = STR_INIT;

	str_add_u64(&text, (uint64_t)number);
	environment_set(name, str_z(&text));
	str_free(&text);
}

/* A descriptor that the program keeps. */
static void
keep(const char *name, int fd)
{
	int kept = dup(fd);

	if (kept < 0)
		fail(name, errno);
	fd_close(fd);
	set_number(name, kept);
}

static void
offer(const struct side *side)
{
	struct tunnel tunnel;
	const char *value = getenv("UCSPITLS");

	if (value && strcmp(value, "-") == 0)
		return;
	if (fd_stream_pair(tunnel.control) < 0 || fd_pipe(tunnel.reading) < 0 ||
	    fd_pipe(tunnel.writing) < 0)
		fail("pipe", errno);
	start_waiting(side, &tunnel);
	fd_close(tunnel.control[1]);
	fd_close(tunnel.reading[1]);
	fd_close(tunnel.writing[0]);
	keep("SSLCTLFD", tunnel.control[0]);
	keep("SSLREADFD", tunnel.reading[0]);
	keep("SSLWRITEFD", tunnel.writing[1]);
	if (!value)
		environment_set("UCSPITLS", "");
}

/* ---- TLS at once ---- */

static void
begin_at_once(void)
{
	struct str report = STR_INIT;
	struct span rest, variable;
	struct starttls tls;

	if (starttls_begin(home_dir, &tls) < 0)
		fail("qmail-tlsd", errno);
	if (starttls_finish(&tls, &report) < 0)
		_exit(0); /* qmail-tlsd has told the log why */
	rest = str_span(&report);
	while (span_cut_next(&rest, '\0', &variable)) {
		size_t equals = span_find(variable, '=');
		struct str name = STR_INIT;

		str_add(&name, span_upto(variable, equals));
		/* What follows ends in the NUL of the variable. */
		environment_set(str_z(&name), variable.s + equals + 1);
		str_free(&name);
	}
	environment_set("UCSPITLS", NULL);
	str_free(&report);
}

int
main(int argc, char **argv)
{
	bool is_at_once = argc > 1 && strcmp(argv[1], "-i") == 0;
	bool is_client = argc > 1 && strcmp(argv[1], "-c") == 0;
	int options = is_at_once || is_client;

	must_hooks(TEMPORARY_EXIT, NULL);
	argv += 1 + options;
	if (argc < 2 + options) {
		(void)!fd_write_all(
		    2, SPAN("usage: offertls [-c | -i] program [arguments]\n"));
		_exit(USAGE_EXIT);
	}
	signal_ignore(SIGPIPE);
	if (is_at_once)
		begin_at_once();
	else
		offer(is_client ? &server : &client);
	signal_default(SIGPIPE);
	(void)execvp(argv[0], argv);
	fail(argv[0], errno);
}
