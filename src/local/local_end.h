/*
 * local_end.h - every way in which qmail-local ends, also by a signal, and
 * what has to be undone then.
 */
#ifndef LOCAL_LOCAL_END_H
#define LOCAL_LOCAL_END_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

/* Every way to end but success; the table is in local_end.c. */
enum local_end {
	LOCAL_USAGE,
	LOCAL_MEMORY,
	LOCAL_TOO_LONG_TIME,
	LOCAL_STOPPED,
	LOCAL_HOME,
	LOCAL_HOME_WRITABLE,
	LOCAL_HOME_STICKY,
	LOCAL_MESSAGE,
	LOCAL_LOOP,
	LOCAL_RULES,
	LOCAL_RULES_WRITABLE,
	LOCAL_RULES_BLANK,
	LOCAL_NO_RULES,
	LOCAL_RULES_NUL,
	LOCAL_RULES_EMPTY_ADDRESS,
	LOCAL_RULES_EMPTY_PROGRAM,
	LOCAL_RULES_FORWARD_ONLY,
	LOCAL_NO_MAILBOX,
	LOCAL_MAILDIR_ENTER,
	LOCAL_MAILDIR_WRITE,
	LOCAL_MBOX_OPEN,
	LOCAL_MBOX_LOCKED,
	LOCAL_MBOX_WRITE,
	LOCAL_PROGRAM_START,
	LOCAL_PROGRAM_TIMEOUT,
	LOCAL_PROGRAM_TOO_LONG,
	LOCAL_PROGRAM_CRASHED,
	LOCAL_QUEUE_START,
	LOCAL_SENDER,
	LOCAL_OUTPUT,
};

#define LOCAL_TEMPORARY_EXIT 111
#define LOCAL_PERMANENT_EXIT 100

/*
 * local_end_prepare: from now on bugs, the end of memory, SIGTERM and, after a
 * day, SIGALRM end the process in order.
 */
void local_end_prepare(void);

/*
 * local_end: undoes what is half done, says what happened, and ends the
 * process with the exit code of the table.
 *   what   a file name or the like, may be NULL
 *   code   an errno; 0: none
 */
NORETURN void local_end(enum local_end why, const char *what, int code);

/* local_end_quietly: ends with this code; somebody else has said why. */
NORETURN void local_end_quietly(int exit_code);

/*
 * local_undo_by_unlink, local_undo_by_truncate: what is to be undone should
 * the process end before local_undo_nothing.
 *   path   must stay as long
 */
void local_undo_by_unlink(const char *path);
void local_undo_by_truncate(int fd, off_t len);
void local_undo_nothing(void);

/*
 * local_hold_signals: while true, SIGTERM and SIGALRM wait.  Once a delivery is
 * done they do so until the next one: ending with "try again" when all is
 * done would have the mail come twice.
 */
void local_hold_signals(bool is_held);

/* local_end_forget: a delivery is done and told, and another may come: for that the day
 * begins again, and nothing is held or to be undone. */
void local_end_forget(void);

/* local_hold_stop: SIGTERM waits, until local_hold_signals; SIGALRM does not,
 * which ends the wait for a program that hangs. */
void local_hold_stop(void);

/*
 * local_pass_signals: SIGTERM and SIGALRM go to this program, as SIGTERM, and
 * some seconds later as SIGKILL, and SIGALRM comes after so many seconds, 0:
 * never.  Without a program, 0, they go to nobody any more, and the day counts
 * again; that ends the process if one came in between.
 */
void local_pass_signals(pid_t program, unsigned seconds);

#endif
