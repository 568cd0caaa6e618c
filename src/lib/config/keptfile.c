/* keptfile.c - files with secrets.  Input: trusted */
#include "config/keptfile.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "sys/dir.h"

#define KEY_ENDING SPAN(".pem")

enum keptfile
keptfile_judge(const char *path, uid_t reader)
{
	struct stat file;

	if (stat(path, &file) < 0)
		return KEPTFILE_RIGHT;
	if (file.st_mode & (S_IRWXG | S_IRWXO))
		return KEPTFILE_OPEN;
	return reader == KEPTFILE_NOBODY ||
		(file.st_uid == reader && (file.st_mode & S_IRUSR))
	    ? KEPTFILE_RIGHT
	    : KEPTFILE_CLOSED;
}

static int
each_of_domain(const char *folder,
    void (*tell)(void *context, const char *path), void *context)
{
	struct str path = STR_INIT;
	struct dir dir = { NULL, 0 };
	const char *name;
	int got;

	if (dir_open(&dir, folder) < 0)
		return errno == ENOTDIR ? 0 : -1;
	while ((got = dir_next(&dir, &name)) > 0) {
		if (!span_ends(span_of(name), KEY_ENDING))
			continue;
		str_set(&path, span_of(folder));
		str_add_byte(&path, '/');
		str_add_z(&path, name);
		tell(context, str_z(&path));
	}
	dir_close(&dir);
	str_free(&path);
	return got;
}

int
keptfile_each_key(const char *folder,
    void (*tell)(void *context, const char *path), void *context)
{
	struct str path = STR_INIT;
	struct dir dir = { NULL, 0 };
	const char *name;
	int got, result = 0;

	if (dir_open(&dir, folder) < 0)
		return errno == ENOENT ? 0 : -1;
	while ((got = dir_next(&dir, &name)) > 0) {
		str_set(&path, span_of(folder));
		str_add_byte(&path, '/');
		str_add_z(&path, name);
		if (each_of_domain(str_z(&path), tell, context) < 0)
			result = -1;
	}
	dir_close(&dir);
	str_free(&path);
	return got < 0 ? -1 : result;
}
