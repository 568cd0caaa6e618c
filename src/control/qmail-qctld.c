/*
 * qmail-qctld.c - lets administrators look at the queue, and passes their orders
 * on to qmail-send.
 * Runs as   qmails, one process, started by qmail-start, and a process for each
 *           client; ends when the other end of descriptor 0, qmail-send, is gone.
 * Reads     requests on the socket HOME/queue/control/door from root and group
 *           qmail, NOT trusted to be well formed; the queue.
 * Writes    answers to them; orders to qmail-send.
 * Execs     qmail-queue, for redirect.
 * Source    qmail-qctld(8), qmail-qctl(8); words.h and queue/orders.h.
 *
 * A process of its own reads the queue for each client and may take its time;
 * this one only passes orders and answers to and fro.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "qctld.h"
#include "queue/controldoor.h"
#include "queue/daemons.h"
#include "queue/orders.h"
#include "queue/record.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define NAME	 "qmail-qctld"
#define TROUBLE	 111
#define PEER_FD	 0
#define BACKLOG	 64
#define CLIENTS	 16   /* at once; others wait at the door */
#define PAUSE_MS 1000 /* when nobody can be let in */

struct client {
	pid_t pid;
	int orders;   /* socket to its process; -1: free */
	uint64_t tag; /* of its order that qmail-send has; 0: none */
};

struct server {
	int door;
	int64_t door_opens; /* clock_monotonic; 0: it is open */
	struct home_ids ids;
	bool has_ids;
	struct client clients[CLIENTS];
	uint64_t last_tag;
	char datagram[FDPASS_RECORD_MAX];
};

static void
on_child(int number)
{
	(void)number;
}

static struct client *
find_free(struct server *server)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (server->clients[i].orders == -1)
			return &server->clients[i];
	return NULL;
}

static void
forget(struct client *client)
{
	fd_close(client->orders);
	*client = (struct client){ .orders = -1 };
}

/* In the process of a client: keeps nothing that belongs to the others, nor our
 * end of its own socket, or it would not hear that we end. */
NORETURN static void
become_client(struct server *server, int fd, const int ends[2])
{
	fd_close(ends[0]);
	for (size_t i = 0; i < CLIENTS; i++)
		fd_close(server->clients[i].orders);
	fd_close(server->door);
	fd_close(PEER_FD);
	signal_default(SIGCHLD);
	signal_unblock(SIGCHLD);
	qctld_serve(fd, ends[1]);
}

static void
begin_client(struct server *server, struct client *client, int fd)
{
	int ends[2];

	if (fd_pair(ends) < 0)
		return;
	client->pid = fork();
	if (client->pid == 0)
		become_client(server, fd, ends);
	fd_close(ends[1]);
	if (client->pid < 0)
		fd_close(ends[0]);
	else
		client->orders = ends[0];
}

/* The users of the suite itself are in group qmail, too; a stolen process of
 * theirs shall neither rule the queue nor take the places of those who may.  In
 * a private instance all are one. */
static bool
may_ask(const struct server *server, int fd)
{
	const uid_t *uids = server->ids.uid;
	uid_t uid;

	if (door_peer(fd, &uid) < 0)
		return false;
	if (!server->has_ids)
		return uid == 0;
	if (uid == 0 || uids[HOME_QMAILS] == uids[HOME_QMAILQ])
		return true;
	for (int i = 0; i < HOME_USERS; i++)
		if (uids[i] == uid)
			return false;
	return true;
}

/* Before it has said anything; it is not waited for. */
static void
refuse(int fd)
{
	struct str words = STR_INIT, code = STR_INIT;

	str_add_byte(&words, CONTROLDOOR_ERROR);
	str_add_z(&words, "a program of the mail system itself may not ask\n");
	str_add_byte(&code, CONTROLDOOR_EXIT);
	str_add_u64(&code, CONTROLDOOR_TROUBLE);
	/* If that fails it hears the end of the connection. */
	(void)(fdpass_send(fd, str_span(&words), -1) == 0 &&
	    fdpass_send(fd, str_span(&code), -1) == 0);
	str_free(&words);
	str_free(&code);
}

/* Makes the door, or listens at it again after a pause. */
static void
open_door(struct server *server)
{
	server->door_opens = 0;
	if (server->door == -1)
		server->door = door_open_later(
		    NAME, CONTROLDOOR_PATH, BACKLOG, &server->door_opens);
}

static void
let_in(struct server *server)
{
	struct client *client = find_free(server);
	int fd = door_accept(server->door);

	if (fd < 0 && errno != EAGAIN)
		server->door_opens = clock_monotonic() + PAUSE_MS;
	if (fd < 0)
		return;
	if (!may_ask(server, fd))
		refuse(fd);
	else if (client)
		begin_client(server, client, fd);
	fd_close(fd);
}

/* Passes an order on, under a tag of ours. */
static void
take_order(struct server *server, struct client *client)
{
	struct str text = STR_INIT;
	struct span rest;
	uint64_t tag;
	ssize_t got = fdpass_receive(
	    client->orders, server->datagram, sizeof(server->datagram), NULL);

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			forget(client);
		return;
	}
	rest = span_make(server->datagram, (size_t)got);
	if (client->tag ||
	    !record_next_number(&rest, ORDERS_TAG, UINT32_MAX, &tag)) {
		forget(client);
		return;
	}
	server->last_tag = server->last_tag % UINT32_MAX + 1;
	client->tag = server->last_tag;
	record_add_number(&text, ORDERS_TAG, client->tag);
	str_add(&text, rest);
	if (fdpass_say(PEER_FD, str_span(&text)) < 0)
		error_exit(NAME, "qmail-send");
	str_free(&text);
}

/* Returns false when qmail-send is gone. */
static bool
take_answer(struct server *server)
{
	struct span answer, rest;
	uint64_t tag;
	ssize_t got = fdpass_receive(
	    PEER_FD, server->datagram, sizeof(server->datagram), NULL);

	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	rest = answer = span_make(server->datagram, (size_t)got);
	if (!record_next_number(&rest, ORDERS_TAG, UINT32_MAX, &tag))
		return true;
	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *client = &server->clients[i];

		if (client->orders == -1 || client->tag != tag)
			continue;
		client->tag = 0;
		if (fdpass_send(client->orders, answer, -1) < 0)
			forget(client);
	}
	return true;
}

/* One turn of the loop.  Returns false when qmail-send is gone. */
static bool
serve_once(struct server *server)
{
	struct pollfd fds[2 + CLIENTS];
	bool is_open = find_free(server) && !server->door_opens;
	int64_t patience = -1;
	int status;

	fds[0] = (struct pollfd){ .fd = PEER_FD, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = is_open ? server->door : -1,
		.events = POLLIN };
	for (size_t i = 0; i < CLIENTS; i++)
		fds[2 + i] = (struct pollfd){ .fd = server->clients[i].orders,
			.events = POLLIN };
	if (server->door_opens) {
		patience = server->door_opens - clock_monotonic();
		patience = patience < 0 ? 0 : patience;
	}
	if (signal_poll(fds, 2 + CLIENTS, patience) < 0)
		error_exit(NAME, "poll");
	while (spawn_reap(&status) > 0)
		continue; /* the end of its socket tells all */
	for (size_t i = 0; i < CLIENTS; i++)
		if (fds[2 + i].revents)
			take_order(server, &server->clients[i]);
	if (fds[1].revents)
		let_in(server);
	else if (server->door_opens && clock_monotonic() >= server->door_opens)
		open_door(server);
	return !fds[0].revents || take_answer(server);
}

int
main(void)
{
	static struct server server;

	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	signal_block(SIGCHLD);
	signal_catch(SIGCHLD, on_child);
	for (size_t i = 0; i < CLIENTS; i++)
		server.clients[i].orders = -1;
	if (chdir(home_dir) < 0)
		error_exit(NAME, home_dir);
	server.has_ids = home_ids_read(&server.ids) == 0;
	if (!daemons_may_begin(PEER_FD))
		return 0;
	server.door = -1;
	open_door(&server);
	while (serve_once(&server))
		continue;
	return 0;
}
