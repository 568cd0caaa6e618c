/*
 * cdb.h - looking up in constant databases: files that are replaced whole and
 * answer a question with about four reads.  Format: cdb(5) of D. J. Bernstein,
 * 32-bit numbers, least byte first.
 *
 * Input: trusted, but every offset and length is checked against what can be
 * read: a file that is cut short or full of nonsense gives EBADMSG, never a
 * wrong answer that would need bytes it does not have, and never a hang.
 */
#ifndef CONFIG_CDB_H
#define CONFIG_CDB_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define CDB_HEADER    2048 /* bytes: 256 tables, position and slots each */
#define CDB_VALUE_MAX (64u << 20) /* bytes; a longer value is EBADMSG */

struct cdb {
	int fd; /* -1: not open */
};

#define CDB_INIT   \
	{          \
		-1 \
	}

/* cdb_open: opens the file.  Returns 0; -1 with errno, ENOENT: none. */
MUST_CHECK int cdb_open(struct cdb *cdb, const char *path);

/* cdb_close: closes it, if it is open. */
void cdb_close(struct cdb *cdb);

/*
 * cdb_find: the value of the first record with this key.
 *   value   receives it, replaced; NULL: only whether there is one
 * Returns 1; 0 if there is none; -1 with errno, EBADMSG: damaged.
 */
MUST_CHECK int
cdb_find(const struct cdb *cdb, struct span key, struct str *value);

/* cdb_hash: the hash that places a key. */
uint32_t cdb_hash(struct span key);

/* cdb_number: the number that four bytes are. */
uint32_t cdb_number(const char *bytes);

#endif
