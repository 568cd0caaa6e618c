/*
 * tls_daemon.c - root's part of qmail-tlsd and qmail-tlsc: reads their files,
 * and sees that somebody serves who knows them.
 *
 * A process as qmailt, which knows no file any more, serves, and forks for each
 * connection; when the files have changed, another one takes its place, at the same
 * door.  In a private instance all are the caller.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "sys/box.h"
#include "sys/door.h"
#include "sys/doorserver.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/ids.h"
#include "sys/signal.h"
#include "sys/spawn.h"
#include "tls.h"

#define TROUBLE	     111
#define LOOK_MS	     10000 /* how often the files are looked at */
#define PAUSE_MS     1000  /* before one that died is replaced */
#define DESCRIPTORS  4096
#define SESSIONS     1000 /* without that file */
#define SESSIONS_MAX 100000
/* What a process that begins says of each file, in their order. */
#define FILE_IS_GOOD 'g'
#define FILE_IS_BAD  'b'

/* A process that serves, with the keys that there were when it began. */
struct server {
	pid_t pid; /* 0: none */
	int life;  /* it ends when this is closed */
};

struct daemon {
	const struct tls_kind *kind;
	struct home_ids ids;
	int door;	 /* whoever serves, serves there; -1: nobody does */
	bool has_opened; /* it has its name */
	struct server server;
	struct tls_files files; /* what that one knows */
	struct str stamp;	/* of what was read last */
	uint64_t sessions;
};

static void
say(const struct daemon *daemon, struct span words)
{
	struct str line = STR_INIT;

	str_add_z(&line, daemon->kind->name);
	str_add_z(&line, ": ");
	str_add(&line, words);
	if (!span_ends(words, SPAN("\n")))
		str_add_byte(&line, '\n');
	fd_write_line(2, str_span(&line));
	str_free(&line);
}

static void
say_lines(const struct daemon *daemon, struct span lines)
{
	struct span line;

	while (span_cut_next(&lines, '\n', &line))
		say(daemon, line);
}

static int
tell_verdicts(int life, const struct tls_files *files)
{
	struct str letters = STR_INIT;
	int result;

	for (size_t i = 0; i < files->all.len; i++)
		str_add_byte(&letters,
		    files->all.at[i].is_bad ? FILE_IS_BAD : FILE_IS_GOOD);
	result = fd_write_all(life, str_span(&letters));
	str_free(&letters);
	return result;
}

/* What cannot be used is not kept, but what was in use before. */
static bool
take_verdicts(int life, struct tls_files *files, const struct tls_files *before)
{
	char letter;

	for (size_t i = 0; i < files->all.len; i++) {
		if (fd_read(life, &letter, 1) != 1)
			return false;
		if (letter != FILE_IS_GOOD)
			(void)tls_files_fall_back(&files->all.at[i], before);
	}
	return true;
}

/* In the new process: gives up root, makes the keys ready, serves. */
NORETURN static void
become_server(const struct daemon *daemon, struct tls_files *files, int life)
{
	const struct tls_kind *kind = daemon->kind;
	gid_t gid = daemon->ids.gid[kind->group];
	struct tls_service service = { .kind = kind };
	struct doorserver server = { .name = kind->name,
		.path = kind->door,
		.door = daemon->door,
		.peers = { geteuid(), geteuid() },
		.sessions = daemon->sessions,
		.life = life,
		.session = tls_serve,
		.context = &service };
	struct str trouble = STR_INIT;

	signal_serve_not();
	if (geteuid() == 0) {
		for (int i = 0; i < DOORSERVER_PEERS; i++)
			server.peers[i] = daemon->ids.uid[kind->peers[i]];
		if (ids_become(daemon->ids.uid[HOME_QMAILT], gid, &gid, 1) < 0)
			error_exit(kind->name, home_user_name(HOME_QMAILT));
	}
	service.fresh = kind->prepare(files, &daemon->files, &trouble);
	say_lines(daemon, str_span(&trouble));
	if (!service.fresh || tell_verdicts(life, files) < 0)
		_exit(TROUBLE);
	doorserver_run(&server);
}

static bool
make_door(struct daemon *daemon)
{
	if (daemon->door == -1)
		daemon->door =
		    door_make(daemon->kind->door, DOORSERVER_BACKLOG);
	if (daemon->door == -1)
		error_warn(daemon->kind->name, daemon->kind->door);
	return daemon->door != -1;
}

/* Nobody serves: who asks, or waits there, is to hear that at once. */
static void
shut_door(struct daemon *daemon)
{
	fd_close(daemon->door);
	daemon->door = -1;
	daemon->has_opened = false;
}

/* Gives the door its name, once somebody serves there. */
static bool
open_door(struct daemon *daemon)
{
	if (!daemon->has_opened && door_show(daemon->kind->door) < 0) {
		error_warn(daemon->kind->name, daemon->kind->door);
		return false;
	}
	daemon->has_opened = true;
	return true;
}

/* Starts one.  Returns whether it serves. */
static bool
start_server(
    struct daemon *daemon, struct tls_files *files, struct server *server)
{
	int ends[2];
	char byte;

	if (!make_door(daemon))
		return false;
	if (fd_stream_pair(ends) < 0)
		return false;
	server->pid = fork();
	if (server->pid == 0) {
		fd_close(ends[0]);
		fd_close(daemon->server.life);
		become_server(daemon, files, ends[1]);
	}
	fd_close(ends[1]);
	server->life = ends[0];
	if (server->pid > 0 && take_verdicts(ends[0], files, &daemon->files) &&
	    fd_read(ends[0], &byte, 1) == 1 && open_door(daemon))
		return true;
	fd_close(ends[0]);
	return false;
}

/* Reads the files, and lets a server that knows them take the place of the one
 * that there is.  That one goes on if they cannot be used. */
static void
renew(struct daemon *daemon)
{
	const struct tls_kind *kind = daemon->kind;
	struct tls_files files = TLS_FILES_INIT;
	struct str culprit = STR_INIT;
	struct server server;
	bool is_taken = false;

	daemon->sessions = SESSIONS;
	str_set(&culprit, span_of(kind->limit));
	if (control_read_number(kind->limit, SESSIONS_MAX, &daemon->sessions) <
		0 ||
	    kind->read(&files, &culprit) < 0) {
		str_add_z(&culprit, ": ");
		str_add_z(&culprit, error_text(errno));
		say(daemon, str_span(&culprit));
	} else if (start_server(daemon, &files, &server)) {
		fd_close(daemon->server.life);
		daemon->server = server;
		is_taken = true;
	}
	str_set(&daemon->stamp, str_span(&files.stamp));
	if (is_taken) {
		tls_files_free(&daemon->files);
		daemon->files = files;
		files = (struct tls_files)TLS_FILES_INIT;
	}
	tls_files_free(&files);
	str_free(&culprit);
}

/* Waits until there is something to do.  Returns whether the files are to be
 * read. */
static bool
wait_for_work(struct daemon *daemon)
{
	struct pollfd life = { .fd = daemon->server.life, .events = POLLIN };
	struct str stamp = STR_INIT;
	bool is_changed;
	int status;

	(void)signal_poll(&life, 1, LOOK_MS);
	while (spawn_reap(&status) > 0)
		continue;
	if (life.revents) {
		say(daemon,
		    SPAN("the process that served has died; another begins"));
		fd_close(daemon->server.life);
		daemon->server = (struct server){ 0, -1 };
		shut_door(daemon);
		(void)poll(NULL, 0, PAUSE_MS);
		return true;
	}
	if (signal_take_hangup() || daemon->server.life == -1)
		return true;
	daemon->kind->stamp(&stamp);
	is_changed = !span_equal(str_span(&stamp), str_span(&daemon->stamp));
	str_free(&stamp);
	return is_changed;
}

int
tls_daemon_run(const struct tls_kind *kind)
{
	struct daemon daemon = { .kind = kind,
		.door = -1,
		.server = { 0, -1 },
		.files = TLS_FILES_INIT };

	must_hooks(TROUBLE, NULL);
	signal_serve();
	(void)fd_raise_limit(DESCRIPTORS);
	if (fd_open_standard() < 0 || box_hide() < 0)
		error_exit(kind->name, "start");
	if (chdir(home_dir) < 0)
		error_exit(kind->name, home_dir);
	if (geteuid() == 0 && home_ids_read(&daemon.ids) < 0)
		error_exit(kind->name, "users/ids");
	renew(&daemon);
	if (daemon.server.pid == 0)
		return TROUBLE;
	while (!signal_is_to_end())
		if (wait_for_work(&daemon) && !signal_is_to_end())
			renew(&daemon);
	return 0;
}
