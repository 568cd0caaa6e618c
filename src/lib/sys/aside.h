/*
 * aside.h - a file that takes the place of another when it is whole: written
 * under a name of its own, synced, renamed.  Whoever opens the old name finds
 * the old file or the new one, also after a crash.
 *
 *	aside_open(&aside, "list.tmp", "list.bin")
 *	write to aside.fd
 *	aside_finish(&aside, 0644)
 */
#ifndef SYS_ASIDE_H
#define SYS_ASIDE_H

#include "base/attr.h"
#include "base/span.h"

struct aside {
	int fd; /* open for writing, empty */
	const char *path, *result;
};

/*
 * aside_open: makes the file, or empties one that was left over; never follows
 * a symbolic link.  It is locked: two that write at once would mix.
 *   path, result   must stay; on the same file system
 * Returns 0; -1 with errno, EWOULDBLOCK: another process is at it.
 */
MUST_CHECK int
aside_open(struct aside *aside, const char *path, const char *result);

/*
 * aside_finish: puts it in its place.
 *   mode   of the new file, whatever the umask
 * Returns 0; -1 with errno: what was there before is there still, or, if only
 * the sync of the folder failed, the new file, which a crash may take back.
 */
MUST_CHECK int aside_finish(struct aside *aside, unsigned mode);

/*
 * aside_write: a file whose text is in memory; the name of its own is path.new.
 * Returns 0; -1 with errno, as aside_open and aside_finish.
 */
MUST_CHECK int aside_write(const char *path, struct span text, unsigned mode);

/* aside_abandon: removes it.  errno stays. */
void aside_abandon(struct aside *aside);

#endif
