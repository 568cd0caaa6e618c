/*
 * cdbfile.h - making a constant database in the place of an old one: cdbmake.h
 * with the file that it writes (sys/aside.h).
 */
#ifndef CONFIG_CDBFILE_H
#define CONFIG_CDBFILE_H

#include "base/attr.h"
#include "config/cdbmake.h"
#include "sys/aside.h"

struct cdbfile {
	struct aside aside;
	struct cdbmake make;
};

/* cdbfile_begin: makes the file aside; see aside_open. */
MUST_CHECK int
cdbfile_begin(struct cdbfile *file, const char *path, const char *result);

/* cdbfile_end: writes the tables and puts the file in its place; see
 * aside_finish.  0; -1 with errno, then the file is abandoned. */
MUST_CHECK int cdbfile_end(struct cdbfile *file, unsigned mode);

/* cdbfile_abandon: removes the file.  errno stays. */
void cdbfile_abandon(struct cdbfile *file);

#endif
