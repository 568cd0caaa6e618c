/*
 * filter.h - what the programs for .qmail files share.
 *
 * They end with the exit codes of qmail-command(8): 0 done, 99 done and the
 * rest of the file is left out, 100 for good, 111 for now.
 */
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "queue/inject.h"

#define FILTER_DONE	 0
#define FILTER_STOP	 99
#define FILTER_PERMANENT 100
#define FILTER_TEMPORARY 111

/* filter_begin: memory, bugs and signals; name is that of the program. */
void filter_begin(const char *name);

/* filter_fail: says why on descriptor 2, and ends. */
NORETURN void filter_fail(int exit_code, const char *why);

/* filter_fail_errno: likewise, for now, because of errno. */
NORETURN void filter_fail_errno(const char *what);

/* filter_setting: a variable that qmail-local sets; ends the program if it is
 * missing. */
const char *filter_setting(const char *name);

/* filter_check_address: ends the program, for good, if this is nobody's: mail
 * for an empty address would be gone. */
void filter_check_address(struct span address);

/*
 * filter_start: starts a program.
 *   argv         ends in NULL; its first is searched in PATH
 *   message_fd   its descriptor 0
 * Returns its process id, -1 if there is no such program; ends this one, for
 * now, if it cannot be run.
 */
pid_t filter_start(char **argv, int message_fd);

/* filter_wait: its exit code; ends this program, for now, if it crashed. */
int filter_wait(pid_t pid);

/* filter_run: starts a program on the message, from its start, waits for it, and
 * gives the message back.  Returns its exit code, FILTER_PERMANENT if there is
 * no such program. */
int filter_run(char **argv);

/*
 * filter_run_below: the same with lines on top of the message.
 *   missing_exit   ends this program if there is no such program
 */
int filter_run_below(char **argv, struct span top, int missing_exit);

/*
 * filter_command: gives the message from its start to a command of the user, by
 * way of the shell; ends this program unless the command ends with 0: for good
 * or for now as qmail-command(8) says.
 *   top   lines to be put on top of the message; may be empty
 * A message that is no file can be read once.
 */
void filter_command(const char *command, struct span top);

/* filter_rewind: goes back to the start of the message; ends the program if it
 * is no file. */
void filter_rewind(void);

/* filter_start_over: goes back to the start of the message; one that is no file
 * may be read once. */
void filter_start_over(void);

/* filter_give_back: what was only looked at is at its start again, for what
 * follows on the line; one that is no file stays as it is. */
void filter_give_back(void);

/* filter_copy: copies the message from where it is; ends the program if it
 * cannot be read. */
void filter_copy(struct inject *inject);

/* filter_close: hands the message over, says what came of it, and ends the
 * program: with this exit code if it was taken. */
NORETURN void filter_close(struct inject *inject, int exit_code);

/*
 * filter_forward: passes the message on, with lines on top of it, and ends the
 * program: with this exit code if it was taken.  Its reverse-path is that of SRS
 * where this host rewrites what it forwards (net/srsdoor.h).
 * filter_forward_rewritten: with one of SRS in any case; with 0 if it was taken.
 */
NORETURN void filter_forward(struct span sender, struct span top,
    char *const *recipients, int count, int exit_code);
NORETURN void filter_forward_rewritten(
    struct span sender, struct span top, char *const *recipients, int count);

#endif
