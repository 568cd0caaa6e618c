/*
 * strangers.c - mail in the queue that no program of this suite would find.
 * Input: hostile (file names)
 */
#include "strangers.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "config/home.h"
#include "queue/path.h"
#include "sys/dir.h"

/* Whether a message in a part belongs to another. */
static int
is_misplaced_in(
    const char *folder, const char *name, uint64_t part, uint64_t split)
{
	struct str path = STR_INIT;
	struct dir dir;
	uint64_t number;
	int got = -1;

	str_add_z(&path, folder);
	str_add_byte(&path, '/');
	str_add_z(&path, name);
	if (dir_open(&dir, str_z(&path)) == 0) {
		while ((got = dir_next(&dir, &name)) > 0)
			if (queue_path_number(span_of(name), &number) &&
			    number % split != part)
				break;
		dir_close(&dir);
	}
	str_free(&path);
	return got;
}

int
strangers_are_in(const char *folder, uint64_t split)
{
	struct dir dir;
	const char *name;
	uint64_t part;
	int got, found = 0;

	if (dir_open(&dir, folder) < 0)
		return errno == ENOENT ? 0 : -1;
	while (found == 0 && (got = dir_next(&dir, &name)) != 0) {
		if (got < 0)
			found = -1;
		else if (dir_kind(&dir) == DIR_FILE ||
		    !queue_path_part(span_of(name), &part) || part >= split)
			found = 1;
		else
			found = is_misplaced_in(folder, name, part, split);
	}
	dir_close(&dir);
	return found;
}

bool
strangers_shut(const char *destdir)
{
	struct str path = STR_INIT;
	struct stat st;
	bool is_shut;

	str_add_z(&path, destdir);
	str_add_z(&path, home_queue_dir);
	is_shut = stat(str_z(&path), &st) == 0 && st.st_uid == 0 &&
	    st.st_gid == 0 && (st.st_mode & S_IRWXO) == 0;
	/* One that was just made has nothing in it. */
	str_add_byte(&path, '/');
	str_add_z(&path, queue_folder_name(QUEUE_MESS));
	is_shut = is_shut && lstat(str_z(&path), &st) == 0;
	str_free(&path);
	return is_shut;
}
