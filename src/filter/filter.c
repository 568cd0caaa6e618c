/*
 * filter.c - what the programs for .qmail files share.
 * Input: hostile (the message); of the user (arguments)
 */
#include "filter.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/vec.h"
#include "config/home.h"
#include "mail/dotqmail.h"
#include "net/srsdoor.h"
#include "queue/wishes.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"
#include "sys/spawn.h"

static const char *program;

static void
on_no_memory(void)
{
	_exit(FILTER_TEMPORARY);
}

void
filter_begin(const char *name)
{
	program = name;
	must_hooks(FILTER_TEMPORARY, on_no_memory);
	signal_ignore(SIGPIPE);
	signal_default(SIGCHLD); /* ignored, there is no child to wait for */
}

void
filter_fail(int exit_code, const char *why)
{
	fprintf(stderr, "%s: fatal: %s\n", program, why);
	_exit(exit_code);
}

void
filter_fail_errno(const char *what)
{
	fprintf(
	    stderr, "%s: fatal: %s: %s\n", program, what, error_text(errno));
	_exit(FILTER_TEMPORARY);
}

const char *
filter_setting(const char *name)
{
	const char *value = getenv(name);

	if (value)
		return value;
	fprintf(stderr, "%s: fatal: %s is not set; see qmail-command(8)\n",
	    program, name);
	_exit(FILTER_PERMANENT);
}

void
filter_check_address(struct span address)
{
	struct span trimmed = span_trim(address);

	if (!trimmed.len || trimmed.len != address.len ||
	    span_starts(address, SPAN("<")))
		filter_fail(FILTER_PERMANENT,
		    "an address is empty, or has something around it");
}

/* A file that has no format which the kernel knows is a shell's. */
static pid_t
start_script(char **argv, int message_fd)
{
	VEC(char *) words = VEC_INIT;
	pid_t pid;

	vec_push(&words, (char *)"sh");
	for (; *argv; argv++)
		vec_push(&words, *argv);
	vec_push(&words, NULL);
	pid = spawn_start(&(struct spawn){ .path = "/bin/sh",
	    .argv = words.at,
	    .fd_count = 3,
	    .fds = { { message_fd, 0 }, { 1, 1 }, { 2, 2 } } });
	vec_free(&words);
	return pid;
}

pid_t
filter_start(char **argv, int message_fd)
{
	pid_t pid = spawn_start(&(struct spawn){ .path = argv[0],
	    .argv = argv,
	    .fd_count = 3,
	    .fds = { { message_fd, 0 }, { 1, 1 }, { 2, 2 } } });

	if (pid < 0 && errno == ENOEXEC)
		pid = start_script(argv, message_fd);
	if (pid < 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
		filter_fail_errno("cannot run the program");
	return pid;
}

int
filter_wait(pid_t pid)
{
	int status, code;

	if (spawn_wait(pid, &status) < 0)
		filter_fail_errno("cannot wait for the program");
	code = spawn_exit_code(status);
	if (code < 0) {
		filter_give_back(); /* what is behind || may keep it */
		filter_fail(FILTER_TEMPORARY, "the program crashed");
	}
	return code;
}

int
filter_run(char **argv)
{
	pid_t pid;
	int code;

	filter_start_over();
	pid = filter_start(argv, 0);
	code = pid < 0 ? FILTER_PERMANENT : filter_wait(pid);
	filter_give_back();
	return code;
}

/* Gives bytes to the program.  Returns false if it wants no more. */
static bool
feed_bytes(pid_t pid, int fd, struct span bytes)
{
	if (fd_write_all(fd, bytes) == 0)
		return true;
	if (errno == EPIPE)
		return false;
	(void)kill(pid, SIGKILL);
	filter_fail_errno("cannot write to the program");
}

/*
 * Gives the program all of the message, as far as it wants that.  One that has
 * a part of it alone must not take that for all.
 */
static void
feed(pid_t pid, int fd, struct span top)
{
	char buffer[65536];
	bool wants_more = feed_bytes(pid, fd, top);
	ssize_t got = 0;

	while (wants_more && (got = fd_read(0, buffer, sizeof(buffer))) > 0)
		wants_more =
		    feed_bytes(pid, fd, span_make(buffer, (size_t)got));
	if (got < 0) {
		(void)kill(pid, SIGKILL);
		filter_fail_errno("cannot read the message");
	}
	fd_close(fd);
}

int
filter_run_below(char **argv, struct span top, int missing_exit)
{
	int ends[2];
	pid_t pid;

	if (fd_pipe(ends) < 0)
		filter_fail_errno("cannot make a pipe");
	pid = filter_start(argv, ends[0]);
	if (pid < 0)
		filter_fail(missing_exit, "there is no such program");
	fd_close(ends[0]);
	feed(pid, ends[1], top);
	return filter_wait(pid);
}

void
filter_command(const char *command, struct span top)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)command,
		NULL };
	pid_t pid;
	int code;

	filter_start_over();
	if (top.len) {
		code = filter_run_below(argv, top, FILTER_TEMPORARY);
	} else {
		pid = filter_start(argv, 0);
		if (pid < 0)
			filter_fail_errno("cannot run the shell");
		code = filter_wait(pid);
	}
	if (code == 0)
		return;
	_exit(
	    dotqmail_is_permanent(code) ? FILTER_PERMANENT : FILTER_TEMPORARY);
}

void
filter_start_over(void)
{
	static bool is_used;

	if (lseek(0, 0, SEEK_SET) < 0 && (errno != ESPIPE || is_used))
		filter_fail_errno("cannot go back to the start of the message");
	is_used = true;
}

void
filter_give_back(void)
{
	if (lseek(0, 0, SEEK_SET) < 0 && errno != ESPIPE)
		filter_fail_errno("cannot go back to the start of the message");
}

void
filter_rewind(void)
{
	if (lseek(0, 0, SEEK_SET) < 0)
		filter_fail_errno("cannot go back to the start of the message");
}

void
filter_copy(struct inject *inject)
{
	char buffer[65536];
	ssize_t got;

	while ((got = fd_read(0, buffer, sizeof(buffer))) > 0)
		inject_message(inject, span_make(buffer, (size_t)got));
	if (got == 0)
		return;
	inject_break(inject);
	(void)inject_close(inject); /* it cannot have accepted */
	filter_fail_errno("cannot read the message");
}

/* Adds sender and recipients, with what the sender asks of notifications if he is
 * that of the message.
 *   path   his address, as it is passed on */
static void
add_envelope(struct inject *inject, struct span sender, struct span path,
    char *const *recipients, int count)
{
	struct str wishes = STR_INIT;

	inject_sender(inject, path);
	wishes_pass_on(
	    inject, span_equal(sender, span_of(getenv("SENDER"))), &wishes);
	for (int i = 0; i < count; i++) {
		inject_recipient_parameters(inject, str_span(&wishes));
		inject_recipient(inject, span_of(recipients[i]));
	}
	str_free(&wishes);
}

void
filter_close(struct inject *inject, int exit_code)
{
	struct verdict verdict = inject_close(inject);

	if (verdict.letter == VERDICT_ACCEPTED) {
		fprintf(stderr, "%s: qp %ld\n", program, (long)inject->pid);
		_exit(exit_code);
	}
	fprintf(stderr, "%s: fatal: %.*s", program, (int)verdict.text.len,
	    verdict.text.s);
	if (verdict.is_custom)
		fputc('\n', stderr);
	else
		fprintf(stderr, " (#%s)\n", verdict.status);
	_exit(verdict.letter == VERDICT_PERMANENT ? FILTER_PERMANENT
						  : FILTER_TEMPORARY);
}

NORETURN static void
forward(enum srsdoor_letter letter, struct span sender, struct span top,
    char *const *recipients, int count, int exit_code)
{
	struct inject inject;
	struct str path = STR_INIT, fields = STR_INIT;

	for (int i = 0; letter == SRSDOOR_PASS_ON && i < count; i++)
		str_add_field(&fields, span_of(recipients[i]));
	if (srsdoor_sender(home_dir, letter, sender, str_span(&fields), &path) <
	    0)
		filter_fail(FILTER_TEMPORARY, str_z(&path));
	if (inject_open(&inject, home_dir, INJECT_AS_IT_IS) < 0)
		filter_fail_errno("cannot run the queue program");
	str_free(&fields);
	inject_message(&inject, top);
	filter_copy(&inject);
	add_envelope(&inject, sender, str_span(&path), recipients, count);
	filter_close(&inject, exit_code);
}

void
filter_forward(struct span sender, struct span top, char *const *recipients,
    int count, int exit_code)
{
	forward(SRSDOOR_PASS_ON, sender, top, recipients, count, exit_code);
}

void
filter_forward_rewritten(
    struct span sender, struct span top, char *const *recipients, int count)
{
	forward(SRSDOOR_FORWARD, sender, top, recipients, count, FILTER_DONE);
}
