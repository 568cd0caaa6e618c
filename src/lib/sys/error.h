/* error.h - what a failed system call means. */
#ifndef SYS_ERROR_H
#define SYS_ERROR_H

#include <stdbool.h>

#include "base/attr.h"

/*
 * error_is_temporary: whether the same call may succeed later without anyone
 * mending anything: interrupted, out of memory, disk, descriptors or
 * processes, timed out, I/O error, busy.
 *   number   a value of errno
 */
bool error_is_temporary(int number);

/* error_is_shortage: whether this machine has no more of descriptors, memory or
 * buffers, whoever might have been asked. */
bool error_is_shortage(int number);

/* error_text: the system's text for an errno, good until the next call. */
const char *error_text(int number);

/*
 * error_exit: writes "PROGRAM: WHAT: text of errno" and a newline, or where errno is 0
 * "PROGRAM: WHAT", to descriptor 2, where whoever typed the command looks, and ends with
 * 111.
 */
NORETURN void error_exit(const char *program, const char *what);

/* error_warn: writes the same line, and goes on; without it if nobody reads there: a
 * service is not to wait for its log. */
void error_warn(const char *program, const char *what);

/*
 * error_cannot: writes "PROGRAM: fatal: cannot VERB OBJECT: text of errno" in the
 * same way, and ends with 111.
 */
NORETURN void
error_cannot(const char *program, const char *verb, const char *object);

#endif
