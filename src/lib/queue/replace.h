/*
 * replace.h - making a file of a message under another name, FOLDER/S/N.new,
 * which then takes the place of what was there: as long as the new one is not
 * whole the old one is untouched.  Scans pass over such names.
 */
#ifndef QUEUE_REPLACE_H
#define QUEUE_REPLACE_H

#include <stdint.h>

#include "base/attr.h"
#include "queue/path.h"
#include "sys/out.h"

#define REPLACE_BUFFER 4096

struct replace_name {
	char s[sizeof(struct queue_path) + sizeof(".new")];
};

/* replace_name: FOLDER/S/N.new. */
struct replace_name replace_name(struct queue_path path);

struct replace {
	struct queue_path path;
	struct out out; /* what is added to it is written */
	char buffer[REPLACE_BUFFER];
};

/* replace_open: begins to write.  Returns 0, -1 with errno. */
MUST_CHECK int replace_open(struct replace *replace, enum queue_folder folder,
    uint64_t number, uint64_t split, unsigned mode);

#define REPLACE_NOW INT64_MIN /* the file time is that of writing */

/*
 * replace_close: writes the rest, sets the modification time in seconds, and
 * gives the file its name.  Returns 0; -1 with errno, also of any failed write
 * before: then the new file is gone.
 */
MUST_CHECK int replace_close(struct replace *replace, int64_t time);

/* replace_abandon: takes the new file away. */
void replace_abandon(struct replace *replace);

/*
 * replace_sweep: takes new files away that a crash has left in a subfolder.
 *   before   those that were last written before this time, in seconds
 * Returns 0; -1 with errno if the folder cannot be read, or one will not go.
 */
MUST_CHECK int replace_sweep(
    enum queue_folder folder, uint64_t part, uint64_t split, int64_t before);

#endif
