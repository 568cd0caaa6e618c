/*
 * qmail-pop3d.c - gives the mail of a Maildir to its owner (RFC 1939).
 * Runs as   the owner, one process a session, started by the program that has
 *           checked the password.
 * Reads     commands on fd 0 from somebody who knew the password, NOT trusted
 *           otherwise; the Maildir named by its argument.
 * Writes    replies on fd 1; at QUIT moves messages from new to cur and removes
 *           those that were deleted; starts no program.
 * Source    qmail-pop3d(8).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "pop3d.h"
#include "pop3d_end.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/signal.h"

static void
out_of_memory(void)
{
	pop3d_end(NULL, POP3D_MEMORY);
}

/* Enters the Maildir and reads what is in it. */
static void
open_maildrop(struct pop3d *pop3d, const char *folder)
{
	const char *octets = getenv("POPOCTETS");

	if (chdir(folder) == 0 &&
	    maildrop_open(&pop3d->drop, clock_seconds(),
		octets && span_equal(span_of(octets), SPAN("sent"))) == 0)
		return;
	pop3d_end(&pop3d->out,
	    file_is_missing(errno) ? POP3D_NO_MAILDIR : POP3D_TROUBLE);
}

int
main(int argc, char **argv)
{
	char in_buffer[POP3D_IN_BUFFER], out_buffer[POP3D_OUT_BUFFER];
	struct pop3d pop3d = { .last = 0 };

	must_hooks(POP3D_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	in_init(&pop3d.in, 0, in_buffer, sizeof(in_buffer));
	out_init(&pop3d.out, 1, out_buffer, sizeof(out_buffer));
	out_set_timeout(&pop3d.out, POP3D_REPLY_SECONDS);
	if (argc < 2)
		pop3d_end(&pop3d.out, POP3D_USAGE);
	if (box_shut_files() < 0)
		pop3d_end(&pop3d.out, POP3D_TROUBLE);
	open_maildrop(&pop3d, argv[1]);
	pop3d.session_end = clock_monotonic() + POP3D_SESSION_SECONDS * 1000;
	pop3d_serve(&pop3d);
	(void)out_flush(&pop3d.out); /* it may not have waited for our bye */
	return POP3D_EXIT;
}
