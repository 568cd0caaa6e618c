/*
 * tls_serve.c - opens the door and serves: a process for each connection.
 * Input: from programs of the suite; what is behind the connections is hostile
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "net/tlsdoor.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "sys/spawn.h"
#include "tls.h"

#define BACKLOG	      512
#define SESSIONS_MAX  4000  /* at once; others wait at the door */
#define RECORD_MS     10000 /* for the record of who came in */
#define PAUSE_MS      1000  /* when nobody can be let in */
#define FIRST_FREE_FD 16

static void
on_child(int number)
{
	(void)number;
}

/* Puts what came on the numbers of a tunnel, and closes all else. */
static bool
place_descriptors(const int fds[TLSDOOR_FDS])
{
	static const int numbers[TLSDOOR_FDS] = {
		[TLSDOOR_NETWORK] = TUNNEL_NETWORK,
		[TLSDOOR_CONTROL] = TUNNEL_CONTROL,
		[TLSDOOR_TO_PROGRAM] = TUNNEL_TO_PROGRAM,
		[TLSDOOR_FROM_PROGRAM] = TUNNEL_FROM_PROGRAM,
	};
	int aside[TLSDOOR_FDS];

	for (int i = 0; i < TLSDOOR_FDS; i++) {
		aside[i] = fd_duplicate_above(fds[i], FIRST_FREE_FD);
		if (aside[i] < 0)
			return false;
	}
	for (int i = 0; i < TLSDOOR_FDS; i++)
		if (dup2(aside[i], numbers[i]) < 0)
			return false;
	fd_close_from(TUNNEL_FDS);
	return true;
}

/* In the process of a connection. */
NORETURN static void
serve_connection(const struct tls_service *service, int sock)
{
	char record[TLSDOOR_RECORD_MAX];
	int fds[TLSDOOR_FDS];
	ssize_t len;

	signal_default(SIGCHLD);
	signal_unblock(SIGCHLD);
	if (fd_wait(sock, POLLIN, RECORD_MS, 0, false) < 0)
		_exit(1);
	len = tlsdoor_hear(sock, record, fds);
	if (len <= 0 || !place_descriptors(fds))
		_exit(1);
	_exit(service->kind->session(
	    service->ready, span_make(record, (size_t)len)));
}

struct serving {
	const struct tls_service *service;
	int door;
	int64_t door_opens; /* clock_monotonic; 0: it is open */
	uint64_t sessions;
};

/* A process for who has come in; a stranger gets none. */
static void
begin_session(struct serving *serving, int sock)
{
	const struct tls_service *service = serving->service;
	uid_t uid;
	pid_t pid;

	if (door_peer(sock, &uid) < 0 || (uid != 0 && uid != service->peer))
		return;
	pid = fork();
	if (pid == 0) {
		fd_close(serving->door);
		fd_close(service->life);
		serve_connection(service, sock);
	}
	if (pid > 0)
		serving->sessions++;
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
	    serving->sessions < serving->service->sessions;
	struct pollfd fds[2] = { { .fd = serving->service->life,
				     .events = POLLIN },
		{ .fd = is_open ? serving->door : -1, .events = POLLIN } };
	int64_t patience = -1;
	int status;

	if (serving->door_opens) {
		patience = serving->door_opens - clock_monotonic();
		patience = patience < 0 ? 0 : patience;
	}
	if (signal_poll(fds, 2, patience) < 0)
		error_exit(serving->service->kind->name, "poll");
	while (spawn_reap(&status) > 0)
		serving->sessions--;
	if (serving->door_opens && clock_monotonic() >= serving->door_opens)
		serving->door_opens = 0;
	if (fds[1].revents)
		(void)let_in(serving);
	return !fds[0].revents;
}

void
tls_serve(const struct tls_service *service)
{
	struct serving serving = { .service = service };

	serving.door = door_open(service->kind->door, BACKLOG);
	signal_block(SIGCHLD);
	signal_catch(SIGCHLD, on_child);
	if (serving.door < 0 || fd_write_all(service->life, SPAN("r")) < 0)
		error_exit(service->kind->name, service->kind->door);
	while (serve_once(&serving))
		continue;
	/* Who waits at a door that another has replaced is still let in. */
	while (let_in(&serving))
		continue;
	_exit(0);
}
