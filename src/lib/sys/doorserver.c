/* doorserver.c - serves at a door: a process for each who comes in. */
#include "sys/doorserver.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/span.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define BACKLOG	 512
#define PAUSE_MS 1000 /* when nobody can be let in */

static void
on_child(int number)
{
	(void)number;
}

struct serving {
	const struct doorserver *server;
	int door;
	int64_t door_opens; /* clock_monotonic; 0: it is open */
	uint64_t sessions;
};

static bool
is_welcome(const struct doorserver *server, int sock)
{
	uid_t uid;

	if (door_peer(sock, &uid) < 0)
		return false;
	for (int i = 0; i < DOORSERVER_PEERS; i++)
		if (uid == server->peers[i])
			return true;
	return server->is_public || uid == 0;
}

/* A process for who has come in; a stranger gets none. */
static void
begin_session(struct serving *serving, int sock)
{
	const struct doorserver *server = serving->server;
	pid_t pid;

	if (!is_welcome(server, sock))
		return;
	pid = fork();
	if (pid == 0) {
		fd_close(serving->door);
		fd_close(server->life);
		signal_default(SIGCHLD);
		signal_unblock(SIGCHLD);
		_exit(server->session(server->context, sock));
	}
	if (pid > 0) {
		serving->sessions++;
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
	int sock = door_accept(serving->door);

	if (sock < 0 && errno != EAGAIN)
		serving->door_opens = clock_monotonic() + PAUSE_MS;
	if (sock < 0)
		return false;
	begin_session(serving, sock);
	fd_close(sock);
	return true;
}

/* One turn of the loop.  Returns false when it is to end. */
static bool
serve_once(struct serving *serving)
{
	bool is_open = !serving->door_opens &&
	    serving->sessions < serving->server->sessions;
	struct pollfd fds[2] = { { .fd = serving->server->life,
				     .events = POLLIN },
		{ .fd = is_open ? serving->door : -1, .events = POLLIN } };
	int64_t patience = -1;
	int status;

	if (serving->door_opens) {
		patience = serving->door_opens - clock_monotonic();
		patience = patience < 0 ? 0 : patience;
	}
	if (signal_poll(fds, 2, patience) < 0)
		error_exit(serving->server->name, "poll");
	while (spawn_reap(&status) > 0)
		serving->sessions--;
	if (serving->door_opens && clock_monotonic() >= serving->door_opens)
		serving->door_opens = 0;
	if (fds[1].revents)
		(void)let_in(serving);
	return !fds[0].revents;
}

void
doorserver_run(const struct doorserver *server)
{
	struct serving serving = { .server = server };

	serving.door = door_open(server->path, BACKLOG);
	signal_block(SIGCHLD);
	signal_catch(SIGCHLD, on_child);
	if (serving.door < 0 ||
	    (server->life >= 0 && fd_write_all(server->life, SPAN("r")) < 0))
		error_exit(server->name, server->path);
	while (serve_once(&serving))
		continue;
	/* Who waits at a door that another has replaced is still let in. */
	while (let_in(&serving))
		continue;
	_exit(0);
}
