/*
 * box.h - what a process that listens to strangers takes away from itself, for
 * good: should it be turned against us, it can do no more than its box allows.
 * Where the system lacks one of these walls the others stand.
 */
#ifndef SYS_BOX_H
#define SYS_BOX_H

#include "base/attr.h"

enum box {
	/* Reads and writes what is open: no new descriptor, no file, no
	 * process; others of the same user cannot look into it. */
	BOX_STREAMS,
	/* Opens, renames and removes files: no process. */
	BOX_FILES
};

/*
 * box_shut: shuts the box.  In both kinds no memory is dumped to a disk, and
 * no program gains rights by being started.
 * Returns 0, -1 with errno.
 * Source: setrlimit(2), prctl(2).
 */
MUST_CHECK int box_shut(enum box box);

/* box_hide: only that no memory of this process, and of programs that it
 * becomes or starts, is dumped to a disk.  Returns 0, -1 with errno. */
MUST_CHECK int box_hide(void);

#endif
