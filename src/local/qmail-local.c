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
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local.h"
#include "local_end.h"
#include "mail/fromline.h"
#include "queue/residents.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define ARGUMENTS	8
#define STICKY		01000 /* S_ISVTX, which plain POSIX does not name */
#define WRITABLE_BY_ALL 0002

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
set_arguments(struct local *local, char **argv)
{
	size_t count = 0;

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

/* One delivery, with arguments set. */
static void
deliver(struct local *local)
{
	local->now = clock_seconds();
	make_lines(local);
	enter_home(local);
	if (!local->is_rehearsal) {
		local_message_begin(local);
		if (local_message_loops(local))
			local_end(LOCAL_LOOP, NULL, 0);
	}
	local_follow(local);
}

/* Nothing of a delivery is left for the next one, which stays, too. */
static void
forget(struct local *local)
{
	char *block = local->block;

	str_free(&local->recipient);
	str_free(&local->top);
	str_free(&local->delivered_to);
	str_free(&local->new_sender);
	*local = (struct local){ .block = block, .stays = true };
}

int
main(int argc, char **argv)
{
	char block[LOCAL_BLOCK], **arguments;
	struct local local = { .block = block };
	struct words words = WORDS_INIT;

	local_end_prepare();
	local.stays = argc > 0 && strcmp(argv[0], RESIDENTS_NAME) == 0 &&
	    local_resident_begin();
	arguments = read_options(&local, argc > 0 ? argv + 1 : argv);
	(void)umask(077);
	do {
		set_arguments(&local, arguments);
		deliver(&local);
		arguments = local.stays ? local_resident_next(&words) : NULL;
		forget(&local);
	} while (arguments);
	return 0;
}
