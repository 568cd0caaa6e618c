/* lock.h - exclusive locks on open files, gone when the last copy closes. */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include <stdint.h>

#include "base/attr.h"

/* lock_wait: takes the lock (flock), waiting for it.  0, -1 with errno;
 * EINTR when a signal was caught while waiting. */
MUST_CHECK int lock_wait(int fd);

/* lock_try: takes the lock if nobody holds it.  Returns 0; -1 with errno,
 * EWOULDBLOCK if another process has it. */
MUST_CHECK int lock_try(int fd);

/* lock_wait_shortly: takes the lock, waiting for at most so many milliseconds.
 * Returns 0; -1 with errno, EWOULDBLOCK when it took longer. */
MUST_CHECK int lock_wait_shortly(int fd, int64_t milliseconds);

/* lock_try_record: takes a POSIX record lock on the whole file (fcntl), which
 * mail readers use for mailboxes.  0, -1 with errno (EAGAIN or EACCES: held). */
MUST_CHECK int lock_try_record(int fd);

/*
 * lock_mailbox: takes both kinds of lock, as mail readers do, waiting for at most
 * so many seconds.
 * Returns 0; -1 with errno, EWOULDBLOCK, EAGAIN or EACCES when it took longer.
 */
MUST_CHECK int lock_mailbox(int fd, unsigned seconds);

#endif
