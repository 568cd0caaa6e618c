/*
 * qmail-authd.c - tells qmail-smtpd whether a name and a password belong
 * together.
 * Runs as   root, for the sake of the program that it runs; one process, started
 *           by a supervisor.  In a private instance, the caller.
 * Reads     questions at HOME/login/door, from qmaild and root alone; what they
 *           hand on is NOT trusted; control/concurrencylogin, freelogins,
 *           timeoutlogin, maxloginmail, maxloginrcpt, again at SIGHUP.
 * Writes    one letter for each question; login/sent and login/known, which it
 *           has read; lines for the log on descriptor 2.
 * Execs     the checkpassword program of its arguments.
 * Source    qmail-authd(8); queue/logincheck.h, queue/sendcount.h.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "authd.h"
#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "known.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/random.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define NAME	      "qmail-authd"
#define USAGE_EXIT    100
#define TROUBLE	      111
#define BACKLOG	      512
#define PAUSE_MS      1000 /* when nobody can be let in: no descriptors */
#define DESCRIPTORS   1024
#define CHECKS	      20 /* at once, without control/concurrencylogin */
#define CHECK_SECONDS 30 /* without control/timeoutlogin */
#define SECONDS_MAX   60
#define FREE_MAX      1000
#define MESSAGES      300  /* in an hour, without control/maxloginmail */
#define RECIPIENTS    1000 /* without control/maxloginrcpt */
#define SENDS	      "login/sent"
#define KNOWN	      "login/known"

/* Zero, and most of it never touched. */
static struct clients clients;

/* What cannot be read leaves all as it was. */
static void
read_limits(void)
{
	struct authd_limits limits = { CHECKS, CHECK_SECONDS };
	uint64_t free = TRIES_FREE, messages = MESSAGES,
		 recipients = RECIPIENTS;

	if (control_read_number("control/concurrencylogin", AUTHD_CHECKS_MAX,
		&limits.checks) < 0 ||
	    control_read_number(
		"control/timeoutlogin", SECONDS_MAX, &limits.seconds) < 0 ||
	    control_read_number("control/freelogins", FREE_MAX, &free) < 0 ||
	    control_read_number("control/maxloginmail", UINT64_MAX, &messages) <
		0 ||
	    control_read_number(
		"control/maxloginrcpt", UINT64_MAX, &recipients) < 0) {
		error_warn(NAME, "control");
		if (clients.limits.checks)
			return;
	}
	clients.limits = limits;
	if (limits.checks == 0)
		clients.limits.checks = 1;
	if (limits.seconds == 0)
		clients.limits.seconds = 1;
	clients.tries.free = free;
	clients.sends.messages = messages;
	clients.sends.recipients = recipients;
}

static void
reap(void)
{
	int status;
	pid_t pid;

	while ((pid = spawn_reap(&status)) > 0)
		clients_check_ended(&clients, pid, status);
}

static void
save_sends(void)
{
	if (clients.sends.save_at && sends_save(&clients.sends, SENDS) < 0)
		error_warn(NAME, SENDS);
}

static void
save_known(void)
{
	if (known_save(&clients.tries, KNOWN, clock_monotonic()) < 0)
		error_warn(NAME, KNOWN);
}

/* Whether a time has come; 0: there is none. */
static bool
is_due(int64_t at)
{
	return at && clock_monotonic() >= at;
}

/* Makes the deadline earlier if need be. */
static void
have_until(int64_t *deadline, int64_t at)
{
	if (at && (!*deadline || at < *deadline))
		*deadline = at;
}

/* One turn of the loop.
 *   door_opens   clock_monotonic; 0: it is open */
static void
serve_once(int door, int64_t *door_opens)
{
	/* The door, and the clients. */
	struct pollfd fds[1 + AUTHD_CLIENTS_MAX];
	int64_t deadline = *door_opens, patience = -1;
	bool is_open = !*door_opens && clients_have_room(&clients);

	fds[0] = (struct pollfd){ .fd = is_open ? door : -1, .events = POLLIN };
	have_until(&deadline, clients.sends.save_at);
	have_until(&deadline, clients.tries.save_at);
	clients_watch(&clients, fds + 1, &deadline);
	if (deadline) {
		patience = deadline - clock_monotonic();
		patience = patience < 0 ? 0 : patience;
	}
	if (signal_poll(fds, 1 + AUTHD_CLIENTS_MAX, patience) < 0)
		error_exit(NAME, "poll");
	if (is_due(clients.sends.save_at))
		save_sends();
	if (is_due(clients.tries.save_at))
		save_known();
	reap();
	clients_serve(&clients, fds + 1);
	if (is_due(*door_opens))
		*door_opens = 0;
	if (fds[0].revents && clients_let_in(&clients, door) < 0)
		*door_opens = clock_monotonic() + PAUSE_MS;
}

static uid_t
find_peer(void)
{
	struct home_ids ids;

	if (geteuid() != 0)
		return geteuid();
	if (home_ids_read(&ids) < 0)
		error_exit(NAME, "users/ids");
	return ids.uid[HOME_QMAILD];
}

int
main(int argc, char **argv)
{
	int64_t door_opens = 0;
	int door;

	must_hooks(TROUBLE, NULL);
	if (argc < 2) {
		(void)!fd_write_all(
		    2, SPAN("usage: qmail-authd checkpassword true\n"));
		return USAGE_EXIT;
	}
	signal_serve();
	(void)fd_raise_limit(DESCRIPTORS);
	if (fd_open_standard() < 0 || box_hide() < 0)
		error_exit(NAME, "start");
	if (chdir(home_dir) < 0)
		error_exit(NAME, home_dir);
	clients.tries.seed = random_u64();
	clients_init(&clients, argv + 1, find_peer());
	read_limits();
	if (sends_load(&clients.sends, SENDS, clock_seconds()) < 0)
		error_warn(NAME, SENDS);
	if (known_load(&clients.tries, KNOWN, clock_monotonic()) < 0)
		error_warn(NAME, KNOWN);
	door = door_open(LOGINCHECK_DOOR, BACKLOG);
	if (door < 0)
		error_exit(NAME, LOGINCHECK_DOOR);
	while (!signal_is_to_end()) {
		if (signal_take_hangup()) {
			read_limits();
		}
		serve_once(door, &door_opens);
	}
	save_sends();
	save_known();
	return 0;
}
