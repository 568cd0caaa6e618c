/*
 * local_end.c - every way in which qmail-local ends, also by a signal, and
 * what has to be undone then.
 */
#include "local_end.h"

#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"

#define SECONDS_MAX   86400 /* for deliveries that are no programs */
#define GRACE_SECONDS 3	    /* for a program, from SIGTERM to SIGKILL */

/* Every way to end, with the words for the log. */
static const struct {
	int exit_code;
	const char *text, *status;
} ends[] = {
	[LOCAL_USAGE] = { 100,
	    "usage: qmail-local [-nN] user home local dash ext host sender "
	    "default",
	    "5.3.5" },
	[LOCAL_MEMORY] = { 111, "out of memory", "4.3.0" },
	[LOCAL_TOO_LONG_TIME] = { 111, "not done in a day", "4.3.0" },
	[LOCAL_STOPPED] = { 111, "stopped before it was done", "4.3.0" },
	[LOCAL_HOME] = { 111, "cannot enter the home folder", "4.3.0" },
	[LOCAL_HOME_WRITABLE] = { 111, "everybody may write to the home folder",
	    "4.7.0" },
	[LOCAL_HOME_STICKY] = { 111,
	    "the home folder is sticky: mail waits while its owner edits",
	    "4.2.1" },
	[LOCAL_MESSAGE] = { 111, "cannot read the message", "4.3.0" },
	[LOCAL_LOOP] = { 100,
	    "this message has been here already: it goes in circles", "5.4.6" },
	[LOCAL_RULES] = { 111, "cannot read", "4.3.0" },
	[LOCAL_RULES_WRITABLE] = { 111, "everybody may write to", "4.7.0" },
	[LOCAL_RULES_BLANK] = { 111,
	    "the first line of the .qmail file is blank", "4.2.1" },
	[LOCAL_NO_RULES] = { 111,
	    "there is no default delivery, and no .qmail file says what to do",
	    "4.2.1" },
	[LOCAL_RULES_NUL] = { 111, "a zero byte in the .qmail file", "4.2.1" },
	[LOCAL_RULES_EMPTY_ADDRESS] = { 111,
	    "a forward to nobody in the .qmail file", "4.2.1" },
	[LOCAL_RULES_EMPTY_PROGRAM] = { 111,
	    "a bar without a program in the .qmail file", "4.2.1" },
	[LOCAL_RULES_FORWARD_ONLY] = { 111,
	    "the .qmail file is for forwards only", "4.7.0" },
	[LOCAL_NO_MAILBOX] = { 100, "there is no mailbox of that name here",
	    "5.1.1" },
	[LOCAL_MAILDIR_ENTER] = { 111, "cannot enter the maildir", "4.2.1" },
	[LOCAL_MAILDIR_WRITE] = { 111, "cannot deliver to the maildir",
	    "4.3.0" },
	[LOCAL_MBOX_OPEN] = { 111, "cannot open the mailbox", "4.2.1" },
	[LOCAL_MBOX_LOCKED] = { 111, "cannot lock the mailbox", "4.3.0" },
	[LOCAL_MBOX_WRITE] = { 111, "cannot write to the mailbox", "4.3.0" },
	[LOCAL_PROGRAM_START] = { 111, "cannot run a program", "4.3.0" },
	[LOCAL_PROGRAM_TIMEOUT] = { 111, "cannot read", "4.3.0" },
	[LOCAL_PROGRAM_TOO_LONG] = { 111,
	    "a program took longer than control/programtimeout allows",
	    "4.3.0" },
	[LOCAL_PROGRAM_CRASHED] = { 111, "a program crashed", "4.3.0" },
	[LOCAL_QUEUE_START] = { 111, "cannot run the queue program", "4.3.0" },
	[LOCAL_SENDER] = { 111, "cannot rewrite the sender", "4.3.0" },
	[LOCAL_OUTPUT] = { 111, "cannot write what would be done", "4.3.0" },
};

/* What the signal handler must know. */
static struct {
	const char *volatile unlink_path;
	volatile int truncate_fd;
	volatile off_t truncate_len;
	volatile pid_t program;
	volatile sig_atomic_t stopped_by; /* a signal, passed on; 0: none */
	bool is_held;
} now = { NULL, -1, 0, 0, 0, false };

void
local_undo_by_unlink(const char *path)
{
	now.unlink_path = path;
}

void
local_undo_by_truncate(int fd, off_t len)
{
	now.truncate_len = len;
	now.truncate_fd = fd;
}

void
local_undo_nothing(void)
{
	now.unlink_path = NULL;
	now.truncate_fd = -1;
}

/* Safe in a signal handler. */
void
local_end_quietly(int exit_code)
{
	if (now.unlink_path)
		(void)unlink(now.unlink_path);
	if (now.truncate_fd != -1 &&
	    ftruncate(now.truncate_fd, now.truncate_len) < 0)
		_exit(LOCAL_TEMPORARY_EXIT); /* nothing better can be done */
	_exit(exit_code);
}

void
local_end(enum local_end why, const char *what, int code)
{
	struct str text = STR_INIT;

	str_add_z(&text, ends[why].text);
	if (what) {
		str_add_byte(&text, ' ');
		str_add_z(&text, what);
	}
	if (code) {
		str_add_z(&text, ": ");
		str_add_z(&text, error_text(code));
	}
	str_add_z(&text, " (#");
	str_add_z(&text, ends[why].status);
	str_add_z(&text, ")\n");
	if (fd_write_all(2, str_span(&text)) < 0)
		local_end_quietly(ends[why].exit_code);
	local_end_quietly(ends[why].exit_code);
}

/* The words without memory, and safe in a signal handler. */
static void
say_plainly(enum local_end why)
{
	struct span parts[] = { span_of(ends[why].text), SPAN(" (#"),
		span_of(ends[why].status), SPAN(")\n") };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (fd_write_all(2, parts[i]) < 0)
			break; /* the exit code says the same */
}

NORETURN static void
end_plainly(enum local_end why)
{
	say_plainly(why);
	local_end_quietly(ends[why].exit_code);
}

static void
on_no_memory(void)
{
	end_plainly(LOCAL_MEMORY);
}

/* Why a program that runs has to end. */
static enum local_end
ending_with_program(void)
{
	return now.stopped_by == SIGALRM ? LOCAL_PROGRAM_TOO_LONG
					 : LOCAL_STOPPED;
}

/*
 * A program is waited for, so that it does not go on behind our back.  What it
 * has started is in our process group, if we lead one, and ends with it; at
 * last with us as well.
 */
static void
on_stop(int number)
{
	bool is_leader = getpgrp() == getpid(), is_final = now.stopped_by != 0;

	if (!now.program)
		end_plainly(
		    number == SIGALRM ? LOCAL_TOO_LONG_TIME : LOCAL_STOPPED);
	if (is_final && is_leader)
		say_plainly(ending_with_program());
	if (is_leader)
		signal_ignore(SIGTERM);
	(void)kill(is_leader ? 0 : now.program, is_final ? SIGKILL : SIGTERM);
	if (!is_final)
		now.stopped_by = number;
	(void)alarm(GRACE_SECONDS);
}

void
local_hold_signals(bool is_held)
{
	static const int held[] = { SIGTERM, SIGALRM, 0 };

	if (now.is_held == is_held)
		return;
	now.is_held = is_held;
	signal_block_set(is_held ? held : held + 2);
}

void
local_end_forget(void)
{
	local_undo_nothing();
	(void)alarm(SECONDS_MAX);
	local_hold_signals(false);
}

void
local_hold_stop(void)
{
	signal_block_set((const int[]){ SIGTERM, 0 });
}

void
local_pass_signals(pid_t program, unsigned seconds)
{
	now.program = program;
	if (!program && now.stopped_by)
		end_plainly(ending_with_program());
	(void)alarm(program ? seconds : SECONDS_MAX);
}

/* Caught, a limit of file sizes is an error of write, which takes back what is
 * half done; ignored, it would be for the programs of the user as well. */
static void
on_limit(int number)
{
	(void)number;
}

void
local_end_prepare(void)
{
	must_hooks(LOCAL_TEMPORARY_EXIT, on_no_memory);
	signal_catch(SIGXFSZ, on_limit);
	signal_catch(SIGALRM, on_stop);
	signal_catch(SIGTERM, on_stop);
	(void)alarm(SECONDS_MAX);
}
