/* maildir.c - the messages of a Maildir. */
#include "sys/maildir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/dir.h"
#include "sys/file.h"

/* Calls for each name in a folder that does not begin with a dot, with the
 * path, which may be kept by setting it anew.  0, -1 with errno. */
static int
each_file(const char *folder,
    void (*call)(void *context, struct str *path, const struct stat *status),
    void *context)
{
	struct str path = STR_INIT;
	struct stat status;
	struct dir dir;
	const char *name;
	int got, number;

	if (dir_open(&dir, folder) < 0)
		return -1;
	while ((got = dir_next(&dir, &name)) > 0) {
		if (name[0] == '.')
			continue;
		str_reset(&path);
		str_add_z(&path, folder);
		str_add_byte(&path, '/');
		str_add_z(&path, name);
		if (stat(str_z(&path), &status) == 0) {
			call(context, &path, &status);
		} else if (!file_is_missing(errno) && errno != ELOOP) {
			got = -1;
			break;
		}
	}
	number = errno;
	dir_close(&dir);
	str_free(&path);
	errno = number;
	return got;
}

static void
add_file(void *context, struct str *path, const struct stat *status)
{
	struct maildir_files *files = context;
	struct maildir_file file = { .changed = (int64_t)status->st_mtime,
		.size = (uint64_t)status->st_size };

	if (!S_ISREG(status->st_mode))
		return;
	file.name = path->s; /* it stays */
	*path = (struct str)STR_INIT;
	vec_push(&files->all, file);
}

int
maildir_list(struct maildir_files *files, const char *folder)
{
	return each_file(folder, add_file, files);
}

static int
compare_age(const void *a, const void *b)
{
	const struct maildir_file *one = a, *other = b;

	if (one->changed != other->changed)
		return one->changed < other->changed ? -1 : 1;
	return strcmp(one->name, other->name);
}

void
maildir_sort(struct maildir_files *files)
{
	if (files->all.len)
		qsort(files->all.at, files->all.len, sizeof(*files->all.at),
		    compare_age);
}

void
maildir_free(struct maildir_files *files)
{
	for (size_t i = 0; i < files->all.len; i++)
		must_free(files->all.at[i].name);
	vec_free(&files->all);
}

static void
remove_if_old(void *context, struct str *path, const struct stat *status)
{
	const int64_t *now = context;

	if ((int64_t)status->st_atime < *now - MAILDIR_LEFTOVER_AGE)
		(void)unlink(str_z(path)); /* next time, else */
}

void
maildir_remove_leftovers(int64_t now)
{
	(void)each_file("tmp", remove_if_old, &now); /* likewise */
}
