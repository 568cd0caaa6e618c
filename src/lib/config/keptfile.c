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

/* Tells of what is in a folder by its path; missing: the errno of none, which is one
 * without anything.  Returns 0, -1 with errno. */
static int
walk(const char *folder, int missing,
    void (*tell)(void *context, const char *path), void *context)
{
	struct str path = STR_INIT;
	struct dir dir = { NULL, 0 };
	const char *name;
	int got;

	if (dir_open(&dir, folder) < 0)
		return errno == missing ? 0 : -1;
	while ((got = dir_next(&dir, &name)) > 0) {
		str_set(&path, span_of(folder));
		str_add_byte(&path, '/');
		str_add_z(&path, name);
		tell(context, str_z(&path));
	}
	dir_close(&dir);
	str_free(&path);
	return got;
}

struct keys {
	void (*tell)(void *context, const char *path);
	void *context;
	int result;
};

static void
take_file(void *context, const char *path)
{
	const struct keys *keys = context;

	if (span_ends(span_of(path), KEY_ENDING))
		keys->tell(keys->context, path);
}

static void
take_domain(void *context, const char *path)
{
	struct keys *keys = context;

	if (walk(path, ENOTDIR, take_file, keys) < 0)
		keys->result = -1;
}

int
keptfile_each_key(const char *folder,
    void (*tell)(void *context, const char *path), void *context)
{
	struct keys keys = { .tell = tell, .context = context };

	return walk(folder, ENOENT, take_domain, &keys) < 0 ? -1 : keys.result;
}
