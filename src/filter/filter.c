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
	if (code < 0)
		filter_fail(FILTER_TEMPORARY, "the program crashed");
	return code;
}

int
filter_run(char **argv)
{
	pid_t pid = filter_start(argv, 0);

	return pid < 0 ? FILTER_PERMANENT : filter_wait(pid);
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

void
filter_envelope(struct inject *inject, struct span sender,
    char *const *recipients, int count)
{
	struct str wishes = STR_INIT;

	inject_sender(inject, sender);
	if (span_equal(sender, span_of(getenv("SENDER"))))
		wishes_pass_on(inject, &wishes);
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
