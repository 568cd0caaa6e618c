/*
 * maildirserial.c - offers what waits in a Maildir to a client that sends it,
 * removes what was sent, and bounces what was refused.
 * Runs as   the owner of the Maildir.
 * Reads     the names and first lines of its messages; results from the
 *           client's descriptor 1, NOT trusted to name files: a name must be
 *           one that was offered; control files for bounces.
 * Writes    names to the client's descriptor 0; removes messages; a line for
 *           each result on fd 2.
 * Execs     the client; qmail-queue, with a bounce.
 * Source    maildirserial(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "base/vec.h"
#include "mail/maildirname.h"
#include "serial_bounce.h"
#include "serial_message.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/maildir.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define RUNS_IN_VAIN   3     /* of the client, one after the other */
#define RESULT_MAX     10000 /* bytes of one result; more ends the client */
#define READ_BUFFER    4096

/* A message that waits. */
struct waiting {
	char *name; /* "new/..." or "cur/..." */
	int64_t mtime;
	bool is_answered, is_gone;
};

struct maildir {
	VEC(struct waiting) messages; /* oldest first */
	struct span prefix;
	bool bounces;
	int64_t patience; /* seconds; older messages are not tried again */
	struct serial_bounce bounce;
};

/* ---- ways to end ---- */

NORETURN static void
fail(const char *what, const char *name)
{
	error_cannot("maildirserial", what, name);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail("get", "memory");
}

NORETURN static void
end_usage(void)
{
	fputs("usage: maildirserial [-b] [-t seconds] dir prefix client "
	      "[arguments]\n",
	    stderr);
	_exit(USAGE_EXIT);
}

/* ---- the messages ---- */

/* Whether it is for us.  What cannot be read now is left for another time. */
static bool
is_for_prefix(const char *name, struct span prefix)
{
	char buffer[READ_BUFFER];
	struct serial_message message = { STR_INIT, STR_INIT, STR_INIT, 0 };
	struct in in;
	int fd = file_open(name);
	bool fits;

	if (fd < 0)
		return false;
	in_init(&in, fd, buffer, sizeof(buffer));
	fits = serial_message_read(&message, &in, prefix) > 0;
	serial_message_free(&message);
	fd_close(fd);
	return fits;
}

/* Takes over those that can be sent now, oldest first. */
static void
list_messages(struct maildir *maildir)
{
	struct maildir_files files = MAILDIR_FILES_INIT;
	int64_t now = clock_seconds();

	if (maildir_list(&files, "new") < 0)
		fail("list", "new");
	if (maildir_list(&files, "cur") < 0)
		fail("list", "cur");
	maildir_sort(&files);
	for (size_t i = 0; i < files.all.len; i++) {
		struct waiting message = { .name = files.all.at[i].name,
			.mtime = files.all.at[i].changed };

		/* No result could have such a name: it would be sent again and
		 * again. */
		message.is_answered = strchr(message.name, '\n') != NULL;
		if (maildirname_is_fresh(message.mtime, now) ||
		    !is_for_prefix(message.name, maildir->prefix))
			continue;
		files.all.at[i].name = NULL;
		vec_push(&maildir->messages, message);
	}
	maildir_free(&files);
}

/* ---- results ---- */

static void
say(const char *name, const char *what, struct span words)
{
	fprintf(stderr, "maildirserial: %s %s: %.*s\n", name, what,
	    (int)words.len, words.s);
}

static void
remove_message(struct waiting *message)
{
	if (unlink(message->name) < 0 && errno != ENOENT) {
		say(message->name, "cannot be removed",
		    span_of(error_text(errno)));
		return;
	}
	message->is_gone = true;
}

static void
refuse(struct maildir *maildir, struct waiting *message, struct span words)
{
	const char *failure;

	if (!maildir->bounces) {
		say(message->name, "was refused, and stays", words);
		return;
	}
	failure = serial_bounce_send(
	    &maildir->bounce, message->name, maildir->prefix, words);
	if (failure) {
		say(message->name, "was refused, but not bounced",
		    span_of(failure));
		return;
	}
	say(message->name, "was refused, and bounced", words);
	remove_message(message);
}

static struct waiting *
find_message(struct maildir *maildir, struct span name)
{
	for (size_t i = 0; i < maildir->messages.len; i++)
		if (span_equal(span_of(maildir->messages.at[i].name), name))
			return &maildir->messages.at[i];
	return NULL;
}

/* Takes NAME NUL LETTER WORDS, without its line feed.  A name that was not
 * offered is nobody's. */
static void
take_result(struct maildir *maildir, struct span result)
{
	size_t end = span_find(result, '\0');
	struct waiting *message = find_message(maildir, span_upto(result, end));
	struct span words = span_from(result, end + 2);
	char letter = result.len > end + 1 ? result.s[end + 1] : '\0';

	if (!message || message->is_answered || letter == '\0')
		return;
	message->is_answered = true;
	if (letter == 'Z' &&
	    message->mtime < clock_seconds() - maildir->patience)
		letter = 'D';
	switch (letter) {
	case 'K':
		say(message->name, "was sent", words);
		remove_message(message);
		break;
	case 'D':
		refuse(maildir, message, words);
		break;
	default:
		say(message->name, "was deferred", words);
	}
}

/* ---- the client ---- */

struct client {
	pid_t pid;
	int names_fd, results_fd; /* names_fd: -1 when all is written */
	struct str names;	  /* what is still to be written */
	size_t written;
	struct str results; /* what has come of the next result */
};

/* The names of all that wait for an answer, each with a NUL. */
static void
add_names(const struct maildir *maildir, struct str *names)
{
	for (size_t i = 0; i < maildir->messages.len; i++)
		if (!maildir->messages.at[i].is_answered)
			str_add_field(
			    names, span_of(maildir->messages.at[i].name));
}

static void
start_client(struct client *client, char **argv)
{
	int names[2], results[2];

	if (fd_pipe(names) < 0 || fd_pipe(results) < 0)
		fail("make", "a pipe");
	client->pid = spawn_start(&(struct spawn){ .path = argv[0],
	    .argv = argv,
	    .fd_count = 2,
	    .fds = { { names[0], 0 }, { results[1], 1 } } });
	if (client->pid < 0)
		fail("run", argv[0]);
	fd_close(names[0]);
	fd_close(results[1]);
	if (fd_set_nonblocking(names[1]) < 0)
		fail("use", "a pipe");
	client->names_fd = names[1];
	client->results_fd = results[0];
}

static void
write_names(struct client *client)
{
	struct span rest = span_from(str_span(&client->names), client->written);
	ssize_t put = fd_write(client->names_fd, rest);

	if (put < 0 && errno == EAGAIN)
		return;
	if (put > 0)
		client->written += (size_t)put;
	if (put < 0 || client->written == client->names.len) {
		fd_close(client->names_fd);
		client->names_fd = -1;
	}
}

/* Reads results.  Returns false at their end. */
static bool
read_results(struct maildir *maildir, struct client *client)
{
	char buffer[READ_BUFFER];
	ssize_t got = fd_read(client->results_fd, buffer, sizeof(buffer));

	for (ssize_t i = 0; i < got; i++) {
		if (buffer[i] != '\n') {
			str_add_byte(&client->results, buffer[i]);
			continue;
		}
		take_result(maildir, str_span(&client->results));
		str_reset(&client->results);
	}
	return got > 0 && client->results.len <= RESULT_MAX;
}

/* Runs the client once.  Returns how many results it gave. */
static size_t
run_client(struct maildir *maildir, char **argv)
{
	struct client client = { .names = STR_INIT, .results = STR_INIT };
	size_t before = 0, after = 0;
	int status;

	for (size_t i = 0; i < maildir->messages.len; i++)
		before += maildir->messages.at[i].is_answered;
	add_names(maildir, &client.names);
	start_client(&client, argv);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = client.results_fd, .events = POLLIN },
			{ .fd = client.names_fd, .events = POLLOUT },
		};

		if (signal_poll(fds, 2, -1) < 0)
			fail("wait for", argv[0]);
		if (fds[1].revents)
			write_names(&client);
		if (fds[0].revents && !read_results(maildir, &client))
			break;
	}
	fd_close(client.names_fd);
	fd_close(client.results_fd);
	if (spawn_wait(client.pid, &status) < 0)
		fail("wait for", argv[0]);
	str_free(&client.names);
	str_free(&client.results);
	for (size_t i = 0; i < maildir->messages.len; i++)
		after += maildir->messages.at[i].is_answered;
	return after - before;
}

/* ---- main ---- */

static void
take_options(struct maildir *maildir, int argc, char **argv)
{
	uint64_t seconds;
	int option;

	while ((option = getopt(argc, argv, "+bt:")) != -1)
		if (option == 'b')
			maildir->bounces = true;
		else if (option == 't' &&
		    scan_u64(span_of(optarg), INT64_MAX / 2, &seconds))
			maildir->patience = (int64_t)seconds;
		else
			end_usage();
	if (argc - optind < 3)
		end_usage();
}

static bool
is_any_waiting(const struct maildir *maildir)
{
	for (size_t i = 0; i < maildir->messages.len; i++)
		if (!maildir->messages.at[i].is_answered)
			return true;
	return false;
}

/* Runs the client as long as it makes progress. */
static void
serve(struct maildir *maildir, char **argv)
{
	int in_vain = 0;

	while (is_any_waiting(maildir) && in_vain < RUNS_IN_VAIN)
		in_vain = run_client(maildir, argv) ? 0 : in_vain + 1;
}

int
main(int argc, char **argv)
{
	struct maildir maildir = { .patience = INT64_MAX / 2,
		.bounce = SERIAL_BOUNCE_INIT };
	size_t left = 0;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	signal_default(SIGCHLD);
	take_options(&maildir, argc, argv);
	argv += optind;
	if (maildir.bounces && serial_bounce_read(&maildir.bounce) < 0)
		fail("read", "control files");
	if (chdir(argv[0]) < 0)
		fail("enter", argv[0]);
	maildir.prefix = span_of(argv[1]);
	maildir_remove_leftovers(clock_seconds());
	list_messages(&maildir);
	serve(&maildir, argv + 2);
	for (size_t i = 0; i < maildir.messages.len; i++)
		left += !maildir.messages.at[i].is_gone;
	if (left == 0)
		return 0;
	fprintf(stderr, "maildirserial: messages that stay: %zu\n", left);
	return TEMPORARY_EXIT;
}
