/*
 * maildir.h - the messages of a Maildir, which is the working folder.
 *
 *	maildir_list(&files, "new") ... "cur"
 *	maildir_sort(&files)
 */
#ifndef SYS_MAILDIR_H
#define SYS_MAILDIR_H

#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"

#define MAILDIR_LEFTOVER_AGE 129600 /* seconds; 36 hours */

struct maildir_file {
	char *name;	 /* "new/..." or "cur/..." */
	int64_t changed; /* modification time, seconds */
	uint64_t size;
};

struct maildir_files {
	VEC(struct maildir_file) all;
};

#define MAILDIR_FILES_INIT \
	{                  \
		VEC_INIT   \
	}

/*
 * maildir_list: appends the regular files of a folder whose names do not begin
 * with a dot; those that go meanwhile are none.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int maildir_list(struct maildir_files *files, const char *folder);

/* maildir_sort: puts the oldest first; of the same second, by name. */
void maildir_sort(struct maildir_files *files);

/* maildir_free: releases the memory. */
void maildir_free(struct maildir_files *files);

/* maildir_remove_leftovers: removes files from tmp that nobody has read for 36
 * hours: of deliveries that were broken off.  What will not go stays. */
void maildir_remove_leftovers(int64_t now);

#endif
