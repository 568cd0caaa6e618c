/*
 * qmail-local.c - delivers a message to a user of this machine.
 * Runs as   the user, once a delivery, started by qmail-lspawn.
 * Reads     the message on fd 0, hostile; the user's .qmail files; addresses
 *           in its arguments, hostile.
 * Writes    mailboxes of the user; to his programs; forwards by qmail-queue.
 *           What happened on fd 1 and 2, for the log.
 * Source    qmail-local(8), dot-qmail(5), qmail-command(8).
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "local.h"
#include "mail/fromline.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"

#define ARGUMENTS	8
#define TEMPORARY_EXIT	111
#define SECONDS_MAX	86400 /* for all deliveries of this run */
#define STICKY		01000 /* S_ISVTX, which plain POSIX does not name */
#define WRITABLE_BY_ALL 0002

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
	[LOCAL_RULES_NUL] = { 111, "a zero byte in the .qmail file", "4.2.1" },
	[LOCAL_RULES_EMPTY_ADDRESS] = { 111,
	    "a forward to nobody in the .qmail file", "4.2.1" },
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
	[LOCAL_PROGRAM_CRASHED] = { 111, "a program crashed", "4.3.0" },
	[LOCAL_QUEUE_START] = { 111, "cannot run the queue program", "4.3.0" },
	[LOCAL_OUTPUT] = { 111, "cannot write what would be done", "4.3.0" },
};

/* What is half done, for the alarm and for all ways to end. */
static struct {
	const char *volatile unlink_path;
	volatile int truncate_fd;
	volatile off_t truncate_len;
} undo = { NULL, -1, 0 };

void
local_undo_by_unlink(const char *path)
{
	undo.unlink_path = path;
}

void
local_undo_by_truncate(int fd, off_t len)
{
	undo.truncate_len = len;
	undo.truncate_fd = fd;
}

void
local_undo_nothing(void)
{
	undo.unlink_path = NULL;
	undo.truncate_fd = -1;
}

/* Safe in a signal handler. */
void
local_end_quietly(int exit_code)
{
	if (undo.unlink_path)
		(void)unlink(undo.unlink_path);
	if (undo.truncate_fd != -1 &&
	    ftruncate(undo.truncate_fd, undo.truncate_len) < 0)
		_exit(TEMPORARY_EXIT); /* nothing better can be done */
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

static void
out_of_memory(void)
{
	static const char text[] = "out of memory (#4.3.0)\n";

	if (fd_write_all(2, span_make(text, sizeof(text) - 1)) < 0)
		local_end_quietly(ends[LOCAL_MEMORY].exit_code);
	local_end_quietly(ends[LOCAL_MEMORY].exit_code);
}

static void
on_alarm(int number)
{
	static const char text[] = "not done in a day (#4.3.0)\n";

	(void)number;
	if (write(2, text, sizeof(text) - 1) < 0)
		local_end_quietly(ends[LOCAL_TOO_LONG_TIME].exit_code);
	local_end_quietly(ends[LOCAL_TOO_LONG_TIME].exit_code);
}

/* Takes the options -n and -N.  Returns what follows them. */
static char **
read_options(struct local *local, char **argv)
{
	while (*argv && (*argv)[0] == '-' && (*argv)[1] != '\0') {
		const char *letter = *argv++ + 1;

		if (strcmp(letter, "-") == 0)
			break;
		for (; *letter; letter++) {
			if (*letter != 'n' && *letter != 'N')
				local_end(LOCAL_USAGE, NULL, 0);
			local->is_rehearsal = *letter == 'n';
		}
	}
	return argv;
}

static void
read_arguments(struct local *local, char **argv)
{
	size_t count = 0;

	argv = read_options(local, argv);
	while (argv[count])
		count++;
	if (count != ARGUMENTS || argv[1][0] != '/')
		local_end(LOCAL_USAGE, NULL, 0);
	local->user = argv[0];
	local->home = argv[1];
	local->local_part = argv[2];
	local->dash = argv[3];
	local->extension = argv[4];
	local->host = argv[5];
	local->sender = argv[6];
	local->default_delivery = argv[7];
}

static void
make_lines(struct local *local)
{
	str_set(&local->recipient, span_of(local->local_part));
	str_add_byte(&local->recipient, '@');
	str_add_z(&local->recipient, local->host);
	fromline_add_delivered_to(
	    &local->delivered_to, str_span(&local->recipient));
	fromline_add_return_path(&local->top, span_of(local->sender));
	str_add(&local->top, str_span(&local->delivered_to));
}

static void
enter_home(const struct local *local)
{
	struct stat status;

	if (chdir(local->home) < 0 || stat(".", &status) < 0)
		local_end(LOCAL_HOME, local->home, errno);
	if (status.st_mode & WRITABLE_BY_ALL)
		local_end(LOCAL_HOME_WRITABLE, local->home, 0);
	if (!(status.st_mode & STICKY))
		return;
	if (!local->is_rehearsal)
		local_end(LOCAL_HOME_STICKY, NULL, 0);
	if (fd_write_all(2,
		SPAN("the home folder is sticky: mail would "
		     "wait\n")) < 0)
		local_end(LOCAL_OUTPUT, NULL, errno);
}

int
main(int argc, char **argv)
{
	char block[LOCAL_BLOCK];
	struct local local = { .block = block };

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	read_arguments(&local, argc > 0 ? argv + 1 : argv);
	signal_catch(SIGALRM, on_alarm);
	(void)alarm(SECONDS_MAX);
	(void)umask(077);
	local.now = clock_seconds();
	make_lines(&local);
	enter_home(&local);
	if (!local.is_rehearsal) {
		local_message_begin(&local);
		if (local_message_loops(&local))
			local_end(LOCAL_LOOP, NULL, 0);
	}
	local_follow(&local);
	return 0;
}
