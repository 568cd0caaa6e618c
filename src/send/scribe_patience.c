/* scribe_patience.c - an end for workers of the scribe whose program hangs. */
#include "scribe_patience.h"

#include <signal.h>
#include <unistd.h>

#include "sys/signal.h"

#define GRACE 5 /* seconds from SIGTERM to SIGKILL */

static volatile sig_atomic_t is_over, may_kill;

/*
 * Too late: the worker goes, with its $QMAILQUEUE.  qmail-queue itself is only
 * told: as soon as the disk lets it, it clears away what it has written, or the
 * message is in todo, and the worker must hear of that.  Killed, it would leave
 * either there, and another one follow.  SIGALRM that somebody else sends is
 * for qmail-send.
 */
static void
on_alarm(int number)
{
	unsigned left = alarm(0);

	(void)number;
	if (left) {
		(void)alarm(left);
	} else if (is_over) {
		if (may_kill)
			(void)kill(0, SIGKILL);
	} else {
		is_over = 1;
		(void)alarm(GRACE);
		(void)kill(0, SIGTERM); /* which its own handler passes over */
	}
}

int
scribe_patience_begin(unsigned seconds, bool kills)
{
	may_kill = kills;
	if (setpgid(0, 0) < 0)
		return -1;
	if (seconds == 0)
		return 0;
	(void)alarm(seconds);
	signal_catch(SIGALRM, on_alarm);
	return 0;
}

void
scribe_patience_renew(unsigned seconds)
{
	if (seconds == 0)
		return;
	(void)alarm(seconds);
	if (is_over)
		(void)alarm(GRACE);
}
