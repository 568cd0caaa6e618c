/*
 * box.h - what a process that listens to strangers takes away from itself, for
 * good: should it be turned against us, it can do no more than its box allows.
 * Where the system lacks one of these walls the others stand.
 */
#ifndef SYS_BOX_H
#define SYS_BOX_H

#include "base/attr.h"

/*
 * box_shut_streams: reads and writes what is open: no new descriptor, no file,
 * no process; others of the same user cannot look into it.  box_shut_files: opens,
 * renames and removes files: no process.
 *   count   descriptors that it has, 0 to count - 1 and no other below that:
 *           none can be added, and so many can be waited for at once
 * In both no memory is dumped to a disk, and no program gains rights by being
 * started.
 * Returns 0, -1 with errno.
 * Source: setrlimit(2), prctl(2).
 */
MUST_CHECK int box_shut_streams(unsigned count);
MUST_CHECK int box_shut_files(void);

/* box_hide: only that no memory of this process, and of programs that it
 * becomes or starts, is dumped to a disk.  Returns 0, -1 with errno. */
MUST_CHECK int box_hide(void);

#endif
