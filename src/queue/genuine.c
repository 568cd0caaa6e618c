/* genuine.c - whether bin/qmail-queue is ours. */
#include "genuine.h"

#include <sys/stat.h>

#include "base/span.h"
#include "base/str.h"
#include "config/home.h"
#include "sys/file.h"

#define PROGRAM_MAX (1 << 20) /* bytes; ours is far smaller */

/* The last that was looked at. */
static struct stat seen;
static bool is_ours;

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
has_mark(const char *path)
{
	const struct span mark = SPAN(GENUINE_MARK);
	struct str text = STR_INIT;
	bool found = false;
	struct span rest;

	if (file_read(path, &text, PROGRAM_MAX) == 0)
		for (rest = str_span(&text); rest.len && !found;
		     rest = span_from(rest, 1)) {
			rest = span_from(rest, span_find(rest, mark.s[0]));
			found = span_starts(rest, mark);
		}
	str_free(&text);
	return found;
}

bool
genuine_queue_program(void)
{
	struct str path = STR_INIT;
	struct stat now;

	str_add_z(&path, home_dir);
	str_add_z(&path, "/bin/qmail-queue");
	if (stat(str_z(&path), &now) < 0) {
		is_ours = false;
		seen = (struct stat){ 0 };
	} else if (!is_same(&now, &seen)) {
		is_ours = has_mark(str_z(&path));
		seen = now;
	}
	str_free(&path);
	return is_ours;
}
