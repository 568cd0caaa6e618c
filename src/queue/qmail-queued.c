/*
 * qmail-queued.c - takes messages into the queue for programs of this machine that
 * come to its door.
 * Runs as   qmailq: a parent, started by qmail-start, and workers that it forks; no
 *           exec, no network.
 * Reads     messages and envelopes from who comes, NOT trusted; who that is the
 *           kernel tells.  fd 0 is qmail-send: a word to begin, and the end.
 * Writes    as qmail-queue; the door; a line on fd 2 when something is wrong.
 * Source    qmail-queued(8); queue/queuedoor.h.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/must.h"
#include "base/str.h"
#include "queue/daemons.h"
#include "queue/queuedoor.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/signal.h"
#include "sys/sock.h"

#include "genuine.h"
#include "intake.h"
#include "workers.h"

#define NAME	      "qmail-queued"
#define PEER_FD	      0
#define BACKLOG	      512
#define BEGIN_SECONDS 60 /* so long a guest may be silent at first */
#define IDLE_SECONDS  10 /* after so long a worker ends, unless it is the last */

/* ---- a worker ---- */

static struct home_ids ids;
static int guest = -1;

/* Says a letter and a number, without memory of its own: also in a handler of
 * signals. */
static struct span
make_answer(char *answer, enum queuedoor_letter letter, uint64_t number)
{
	size_t len = 1;

	answer[0] = (char)letter;
	len += fmt_u64(answer + len, number);
	answer[len++] = '\0';
	return span_make(answer, len);
}

static void
fail(enum outcome outcome)
{
	char answer[FMT_U64_MAX + 2];

	/* Who has gone does not ask. */
	(void)!sock_send_some(
	    guest, make_answer(answer, QUEUEDOOR_REFUSED, (uint64_t)outcome));
}

static void
on_no_memory(void)
{
	intake_give_up(NO_MEMORY);
}

/* What comes in one record is not cut. */
static ssize_t
read_record(int fd, char *buffer, size_t size)
{
	ssize_t got = fdpass_receive(fd, buffer, size, NULL);

	if (got < 0 && errno == EMSGSIZE)
		errno = EBADMSG;
	return got;
}

/* Takes the message of the guest. */
static void
serve(uid_t uid)
{
	struct intake intake = { .message_fd = guest,
		.envelope_fd = guest,
		.read = read_record,
		.uid = uid,
		.fail = fail };
	char how[2], answer[FMT_U64_MAX + 2];
	uint64_t qp;
	ssize_t got;

	(void)alarm(BEGIN_SECONDS);
	got = fdpass_receive(guest, how, sizeof(how), NULL);
	if (got <= 0 || (got == 2 && fdpass_say(guest, SPAN("G")) < 0)) {
		(void)alarm(0);
		return;
	}
	if (how[0] == QUEUEDOOR_SUBMITTED)
		intake.submission = ENVELOPE_SUBMITTED;
	else if (how[0] == QUEUEDOOR_RESENT)
		intake.submission = ENVELOPE_RESENT;
	qp = intake_take(&intake);
	(void)!fdpass_say(guest, make_answer(answer, QUEUEDOOR_ACCEPTED, qp));
}

/* They bring the mail of everybody. */
static bool
is_privileged(uid_t uid)
{
	return uid == 0 || uid == ids.uid[HOME_QMAILD] ||
	    uid == ids.uid[HOME_QMAILS];
}

static int
work(struct workers *workers, int door)
{
	while (!intake_is_used_up()) {
		bool has_others;
		uid_t uid;

		intake_be_ready();
		has_others = workers_wait_for_guest(workers);
		guest = door_wait(door);
		if (guest < 0 && errno == EAGAIN && !has_others)
			continue;
		if (guest < 0)
			return errno == EAGAIN || errno == EINVAL ? 0 : 111;
		if (door_peer(guest, &uid) == 0) {
			if (workers_have_guest(
				workers, uid, is_privileged(uid)) &&
			    genuine_queue_program())
				serve(uid);
			else
				(void)!fdpass_say(guest, SPAN("F\0"));
		}
		fd_close(guest);
	}
	return 0;
}

/* ---- the parent ---- */

struct server {
	struct workers workers;
	struct str path; /* of the door */
	int door;	 /* -1: it cannot be made yet */
	int64_t door_opens;
};

static void
on_child(int number)
{
	(void)number;
}

/* Mail goes by qmail-queue as long as there is none. */
static void
open_door(struct server *server)
{
	server->door = door_open_later(
	    NAME, str_z(&server->path), BACKLOG, &server->door_opens);
	if (server->door >= 0 &&
	    door_make_patient(server->door, IDLE_SECONDS) < 0)
		error_exit(NAME, "door");
}

/* There is nobody to let in who comes: he is to go the old way, and those who wait
 * already are told. */
static void
shut_door(struct server *server)
{
	int waiting;

	door_shut(server->door);
	while ((waiting = door_wait(server->door)) >= 0) {
		(void)!sock_send_some(waiting, SPAN("F\0"));
		fd_close(waiting);
	}
	fd_close(server->door);
	server->door = -1;
	server->door_opens = server->workers.pause_end;
}

/* One turn of the loop.  Returns false when qmail-send is gone. */
static bool
serve_once(struct server *server)
{
	struct workers *workers = &server->workers;
	struct pollfd fds[2] = { { .fd = PEER_FD, .events = POLLIN },
		{ .fd = -1, .events = POLLIN } };
	int64_t patience = -1, deadline;

	if (server->door == -1 && clock_monotonic() >= server->door_opens)
		open_door(server);
	if (server->door >= 0 && !workers_keep(workers, work, server->door))
		shut_door(server);
	if (server->door >= 0)
		fds[1].fd = workers->wanted[0];
	deadline = server->door == -1 ? server->door_opens : workers->pause_end;
	if (deadline) {
		patience = deadline - clock_monotonic();
		patience = patience < 0 ? 0 : patience;
	}
	if (signal_poll(fds, 2, patience) < 0)
		error_exit(NAME, "poll");
	return !fds[0].revents;
}

int
main(void)
{
	static struct server server = { .door = -1 };

	must_hooks((int)BUG, on_no_memory);
	if (intake_prepare() != ACCEPTED || home_ids_read(&ids) < 0)
		error_exit(NAME, home_queue_dir);
	signal_block(SIGCHLD);
	signal_catch(SIGCHLD, on_child);
	str_add_z(&server.path, home_dir);
	str_add_z(&server.path, "/" QUEUEDOOR);
	(void)genuine_queue_program(); /* workers know it from here */
	if (workers_init(&server.workers) < 0)
		error_exit(NAME, "start");
	if (!daemons_may_begin(PEER_FD))
		return 0;
	while (serve_once(&server))
		continue;
	/* Who has been let in is still served; the others go the old way at once. */
	if (server.door >= 0)
		shut_door(&server);
	while (workers_bury(&server.workers))
		(void)signal_poll(NULL, 0, -1);
	return 0;
}
