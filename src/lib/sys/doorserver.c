/* doorserver.c - serves at a door: a process for each who comes in. */
#include "sys/doorserver.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/span.h"
#include "base/vec.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define PAUSE_MS 1000 /* when nobody can be let in */

static void
on_child(int number)
{
	(void)number;
}

struct guest {
	pid_t pid; /* of the process for him */
	uid_t uid;
};

struct serving {
	const struct doorserver *server;
	int64_t door_opens; /* clock_monotonic; 0: it is open */
	VEC(struct guest) guests;
};

/* Whether there are as many of this user as there may be at a door for everybody:
 * else one could keep it shut for all others. */
static bool
has_its_share(const struct serving *serving, uid_t uid)
{
	uint64_t count = 0;

	for (size_t i = 0; i < serving->guests.len; i++)
		count += serving->guests.at[i].uid == uid;
	return count >= serving->server->sessions / DOORSERVER_SHARE;
}

static bool
is_welcome(const struct serving *serving, uid_t uid)
{
	const struct doorserver *server = serving->server;

	if (server->is_public)
		return uid == 0 || !has_its_share(serving, uid);
	for (int i = 0; i < DOORSERVER_PEERS; i++)
		if (uid == server->peers[i])
			return true;
	return uid == 0;
}

/* A process for who has come in; who is not welcome gets none. */
static void
begin_session(struct serving *serving, int sock)
{
	const struct doorserver *server = serving->server;
	struct guest guest;

	if (door_peer(sock, &guest.uid) < 0 || !is_welcome(serving, guest.uid))
		return;
	guest.pid = fork();
	if (guest.pid == 0) {
		fd_close(server->door);
		fd_close(server->life);
		signal_default(SIGCHLD);
		signal_unblock(SIGCHLD);
		signal_default(SIGTERM);
		signal_unblock(SIGTERM);
		_exit(server->session(server->context, sock));
	}
	if (guest.pid > 0) {
		vec_push(&serving->guests, guest);
		return;
	}
	error_warn(server->name, "fork");
	serving->door_opens = clock_monotonic() + PAUSE_MS;
}

/* Lets in who waits.  Returns false when there is nobody, or he cannot be let in
 * for want of something. */
static bool
let_in(struct serving *serving)
{
	int sock = door_accept(serving->server->door);

	if (sock < 0 && errno != EAGAIN)
		serving->door_opens = clock_monotonic() + PAUSE_MS;
	if (sock < 0)
		return false;
	begin_session(serving, sock);
	door_end(sock);
	return true;
}

static void
forget(struct serving *serving, pid_t pid)
{
	for (size_t i = 0; i < serving->guests.len; i++)
		if (serving->guests.at[i].pid == pid) {
			serving->guests.at[i] =
			    serving->guests.at[--serving->guests.len];
			return;
		}
}

/* One turn of the loop.  Returns false when it is to end. */
static bool
serve_once(struct serving *serving)
{
	bool is_open = !serving->door_opens &&
	    serving->guests.len < serving->server->sessions;
	struct pollfd fds[2] = {
		{ .fd = serving->server->life, .events = POLLIN },
		{ .fd = is_open ? serving->server->door : -1, .events = POLLIN }
	};
	int64_t patience = -1;
	pid_t pid;
	int status;

	if (serving->door_opens) {
		patience = serving->door_opens - clock_monotonic();
		patience = patience < 0 ? 0 : patience;
	}
	if (signal_poll(fds, 2, patience) < 0)
		error_exit(serving->server->name, "poll");
	while ((pid = spawn_reap(&status)) > 0)
		forget(serving, pid);
	if (serving->door_opens && clock_monotonic() >= serving->door_opens)
		serving->door_opens = 0;
	if (fds[1].revents)
		(void)let_in(serving);
	return !fds[0].revents && !signal_is_to_end();
}

void
doorserver_open(struct doorserver *server)
{
	/* Whoever sees the door may send it. */
	signal_hear_end();
	server->door = door_open(server->path, DOORSERVER_BACKLOG);
	if (server->door < 0)
		error_exit(server->name, server->path);
}

void
doorserver_run(const struct doorserver *server)
{
	struct serving serving = { .server = server };

	if (server->prepare)
		server->prepare();
	signal_block(SIGCHLD);
	signal_catch(SIGCHLD, on_child);
	if (server->life >= 0 && fd_write_all(server->life, SPAN("r")) < 0)
		error_exit(server->name, "start");
	while (serve_once(&serving))
		continue;
	/* Who waits at a door that another has replaced is still let in. */
	while (let_in(&serving))
		continue;
	_exit(0);
}
