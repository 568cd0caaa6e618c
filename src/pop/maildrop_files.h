/* maildrop_files.h - the files of a maildrop; for maildrop.c alone. */
#ifndef POP_MAILDROP_FILES_H
#define POP_MAILDROP_FILES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "maildrop.h"

/* maildrop_stat, maildrop_unlink: the calls of these names for the file of a
 * message.  A link is followed by the first.  0, -1 with errno. */
MUST_CHECK int
maildrop_stat(const struct maildrop_message *message, struct stat *st);
MUST_CHECK int maildrop_unlink(const struct maildrop_message *message);

/* maildrop_open_file: opens it for reading; EINVAL if it is no regular file.
 * Returns the descriptor, -1 with errno. */
MUST_CHECK int maildrop_open_file(const struct maildrop_message *message);

/* maildrop_count_octets: sets octets to what net/popdata.h sends of it; if it
 * cannot be read they stay as they are. */
void maildrop_count_octets(struct maildrop_message *message);

/*
 * maildrop_search: looks for a message by the part of its name that stays,
 * under the names that readers commonly give first.
 *   name     receives its present one, replaced
 *   is_new   receives in which folder it is
 * Returns 1; 0 if it is gone; -1 with errno.
 */
MUST_CHECK int
maildrop_search(struct span base, struct str *name, bool *is_new);

/* maildrop_rename: gives a message the name and folder of the other, unless
 * there is one of that name.  0, -1 with errno. */
MUST_CHECK int maildrop_rename(const struct maildrop_message *message,
    const struct maildrop_message *renamed);

/* maildrop_move_to_cur: moves a message that has been seen from new to cur.  If
 * that fails it stays, and is still new to the next reader. */
void maildrop_move_to_cur(const struct maildrop_message *message);

#endif
