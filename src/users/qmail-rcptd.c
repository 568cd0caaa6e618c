/*
 * qmail-rcptd.c - tells qmail-smtpd whether anybody here gets mail for an
 * address.
 * Runs as   qmailv, one process, started by qmail-start; ends when the other
 *           end of descriptor 0, qmail-send, is gone.
 * Reads     when to begin, from qmail-send; questions on the socket
 *           HOME/run/rcptd from any program of this machine, NOT trusted;
 *           control/locals, virtualdomains, percenthack, envnoathost;
 *           users/cdb; the names, not the contents, of .qmail files.
 * Writes    one letter for each question.
 * Execs     qmail-getpw.
 * Source    qmail-rcptd(8); questions and answers in queue/rcptcheck.h.
 */
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "rcptd.h"
#include "queue/daemons.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fdpass.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define NAME	 "qmail-rcptd"
#define TROUBLE	 111
#define PEER_FD	 0
#define BACKLOG	 512
#define PAUSE_MS 1000 /* when nobody can be let in: no descriptors */

struct server {
	int door;
	int64_t door_opens; /* clock_monotonic; 0: it is open */
	struct clients clients;
	struct known known;
	/* For one turn: qmail-send, the door, the helpers, the clients. */
	struct pollfd fds[2 + LOOKUP_HELPERS + RCPTD_CLIENTS_MAX];
};

static volatile sig_atomic_t has_child_ended;

static void
on_child(int number)
{
	(void)number;
	has_child_ended = 1;
}

static void
reap(struct lookup *lookup)
{
	int status;
	pid_t pid;

	has_child_ended = 0;
	while ((pid = spawn_reap(&status)) > 0)
		lookup_child_ended(lookup, pid);
}

/* Makes the door, or lets in who waits at it.  While it is not there who asks hears
 * "later". */
static void
attend_door(struct server *server)
{
	if (server->door == -1)
		server->door = door_open_later(
		    NAME, RCPTCHECK_DOOR, BACKLOG, &server->door_opens);
	else
		server->door_opens =
		    clients_let_in(&server->clients, server->door) < 0
		    ? clock_monotonic() + PAUSE_MS
		    : 0;
}

/* One turn of the loop.  Returns false when qmail-send is gone. */
static bool
serve_once(struct server *server)
{
	struct pollfd *fds = server->fds, *lookup_fds = fds + 2, *client_fds,
		      *end;
	int64_t deadline = server->door_opens, patience = -1;

	fds[0] = (struct pollfd){ .fd = PEER_FD, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = server->door_opens ? -1 : server->door,
		.events = POLLIN };
	client_fds = lookup_fds +
	    lookup_watch(&server->known.lookup, lookup_fds, &deadline);
	end =
	    client_fds + clients_watch(&server->clients, client_fds, &deadline);
	if (deadline) {
		patience = deadline - clock_monotonic();
		patience = patience < 0 ? 0 : patience;
	}
	if (signal_poll(fds, (nfds_t)(end - fds), patience) < 0)
		error_exit(NAME, "poll");
	if (has_child_ended)
		reap(&server->known.lookup);
	(void)lookup_hear(&server->known.lookup, lookup_fds);
	clients_serve(&server->clients, client_fds, &server->known);
	if (fds[1].revents ||
	    (server->door_opens && clock_monotonic() >= server->door_opens))
		attend_door(server);
	return !fds[0].revents;
}

int
main(void)
{
	struct server server = { .clients = { VEC_INIT } };
	struct str getpw = STR_INIT;

	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	signal_block(SIGCHLD);
	signal_catch(SIGCHLD, on_child);
	if (chdir(home_dir) < 0)
		error_exit(NAME, home_dir);
	str_add_z(&getpw, home_dir);
	str_add_z(&getpw, "/bin/qmail-getpw");
	known_init(&server.known, str_z(&getpw));
	if (!daemons_may_begin(PEER_FD))
		return 0;
	server.door = -1;
	attend_door(&server);
	while (serve_once(&server))
		continue;
	clients_free(&server.clients);
	known_free(&server.known);
	str_free(&getpw);
	return 0;
}
