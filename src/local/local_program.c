/*
 * local_program.c - delivery to a program of the user.
 * Source: qmail-command(8)
 */
#include "local.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/control.h"
#include "config/home.h"
#include "local_end.h"
#include "mail/dotqmail.h"
#include "mail/fromline.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define LEAVE_REST_EXIT 99

static void
set(const char *name, struct span value)
{
	struct str text = STR_INIT;

	str_set(&text, value);
	if (setenv(name, str_z(&text), 1) < 0)
		local_end(LOCAL_MEMORY, NULL, errno);
	str_free(&text);
}

/* NAME2 to NAME4: each is the one before without a part. */
static void
set_host_parts(struct span host)
{
	static const char *const names[] = { "HOST", "HOST2", "HOST3",
		"HOST4" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		set(names[i], host);
		host = span_upto(host, span_find_last(host, '.'));
	}
}

static void
set_extension_parts(struct span extension)
{
	static const char *const names[] = { "EXT", "EXT2", "EXT3", "EXT4" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		set(names[i], extension);
		extension = span_from(extension, span_find(extension, '-') + 1);
	}
}

static void
set_environment(struct local *local)
{
	struct span extension = span_of(local->extension);
	struct span delivered_to = str_span(&local->delivered_to);
	struct span top = str_span(&local->top);
	struct str line = STR_INIT;

	if (local->has_environment)
		return;
	local->has_environment = true;
	fromline_add_from(&line, span_of(local->sender), local->now);
	set("UFLINE", str_span(&line));
	set("RPLINE", span_upto(top, top.len - delivered_to.len));
	set("DTLINE", delivered_to);
	set("SENDER", span_of(local->sender));
	set("NEWSENDER", local_new_sender(local));
	set("RECIPIENT", str_span(&local->recipient));
	set("USER", span_of(local->user));
	set("HOME", span_of(local->home));
	set("LOCAL", span_of(local->local_part));
	set_host_parts(span_of(local->host));
	set_extension_parts(extension);
	if (local->has_default)
		set("DEFAULT", span_from(extension, local->default_at));
	else
		(void)unsetenv("DEFAULT"); /* fails only for a bad name */
	str_free(&line);
}

/* How many seconds a program may take; 0: any. */
static unsigned
read_timeout(void)
{
	uint64_t seconds = 0;

	if (control_read_number(home_program_timeout, INT32_MAX, &seconds) < 0)
		local_end(LOCAL_PROGRAM_TIMEOUT, home_program_timeout, errno);
	return (unsigned)seconds;
}

bool
local_program(struct local *local, const char *command)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)command,
		NULL };
	int status, code;
	pid_t pid;
	unsigned seconds = read_timeout();

	local->stays = false;
	set_environment(local);
	if (lseek(0, 0, SEEK_SET) < 0)
		local_end(LOCAL_MESSAGE, NULL, errno);
	signal_default(SIGCHLD); /* ignored, there is no child to wait for */
	local_hold_signals(true);
	pid = spawn_start(&(struct spawn){ .path = argv[0],
	    .argv = argv,
	    .fd_count = 3,
	    .fds = { { 0, 0 }, { 1, 1 }, { 2, 2 } } });
	if (pid < 0)
		local_end(LOCAL_PROGRAM_START, NULL, errno);
	local_pass_signals(pid, seconds);
	local_hold_signals(false);
	if (spawn_wait(pid, &status) < 0)
		local_end(LOCAL_PROGRAM_START, NULL, errno);
	local_hold_signals(true); /* it is done, or says why not */
	local_pass_signals(0, 0);
	code = spawn_exit_code(status);
	if (code < 0)
		local_end(LOCAL_PROGRAM_CRASHED, NULL, 0);
	if (code != 0 && code != LEAVE_REST_EXIT)
		local_end_quietly(dotqmail_is_permanent(code)
			? LOCAL_PERMANENT_EXIT
			: LOCAL_TEMPORARY_EXIT);
	return code == 0;
}
