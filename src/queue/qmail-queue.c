/*
 * qmail-queue.c - takes a message and its envelope into the queue.
 * Runs as   qmailq (setuid), for anyone: its caller, descriptors, limits,
 *           environment and signals are NOT trusted.
 * Reads     the message on fd 0, the envelope on fd 1; users/ids.
 * Writes    queue/mess, queue/intd, queue/todo; pulls lock/trigger; no exec,
 *           no network, not a byte on fd 2.
 * Source    qmail-queue(8), envelopes(5).
 */
#include <unistd.h>

#include "base/must.h"
#include "queue/envelope.h"
#include "sys/fd.h"

#include "genuine.h"
#include "intake.h"

/* It is read, or it would not be in the program. */
static const char *const volatile mark = GENUINE_MARK;

static void
on_no_memory(void)
{
	intake_give_up(NO_MEMORY);
}

int
main(void)
{
	struct intake intake = { .message_fd = STDIN_FILENO,
		.envelope_fd = STDOUT_FILENO,
		.read = fd_read,
		.uid = getuid(),
		.submission = envelope_submission() };
	enum outcome outcome;

	(void)mark;
	must_hooks(BUG, on_no_memory);
	outcome = intake_prepare();
	if (outcome == ACCEPTED)
		(void)intake_take(&intake);
	_exit((int)outcome);
}
