/*
 * cdbmake.h - making constant databases (see cdb.h).  The caller makes a file
 * aside, and renames it over the old one when all is done and synced.
 */
#ifndef CONFIG_CDBMAKE_H
#define CONFIG_CDBMAKE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/vec.h"
#include "sys/out.h"

#define CDBMAKE_BUFFER 8192

struct cdbmake_entry {
	uint32_t hash, position;
};

struct cdbmake {
	struct out out;
	uint64_t position; /* where the next byte goes */
	VEC(struct cdbmake_entry) entries;
	char buffer[CDBMAKE_BUFFER];
};

/* cdbmake_begin: starts at the beginning of an empty file open for writing.
 * Returns 0, -1 with errno. */
MUST_CHECK int cdbmake_begin(struct cdbmake *make, int fd);

/* cdbmake_add: adds a record.  Keys may come again; the first is found.
 * Returns 0; -1 with errno, EFBIG: the format ends at 4 GiB, and a value at
 * CDB_VALUE_MAX. */
MUST_CHECK int
cdbmake_add(struct cdbmake *make, struct span key, struct span value);

/* cdbmake_end: writes the tables.  Does not sync.  0, -1 with errno. */
MUST_CHECK int cdbmake_end(struct cdbmake *make);

/* cdbmake_free: releases the memory; the descriptor stays open. */
void cdbmake_free(struct cdbmake *make);

#endif
