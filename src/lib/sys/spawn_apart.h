/* spawn_apart.h - starting a program for a stranger. */
#ifndef SYS_SPAWN_APART_H
#define SYS_SPAWN_APART_H

#include <sys/types.h>

#include "base/attr.h"
#include "sys/spawn.h"

/* Exit code of a child that became no program; nothing of ours ends so. */
#define SPAWN_APART_FAILED 126

/*
 * spawn_start_apart: as spawn_start, but neither waits for the child nor shares
 * its memory with it until it is the program.  From the moment when the child
 * has the ids of a stranger he may stop it, and a parent that waits with it; or
 * send it signals, which our own handlers would hear.
 *   regret   what a child that cannot become the program says on its
 *            descriptor 1 before it ends with
 *            SPAWN_APART_FAILED
 * Returns its process id; -1 with errno: there is no child.
 */
MUST_CHECK pid_t spawn_start_apart(
    const struct spawn *plan, const char *regret);

#endif
