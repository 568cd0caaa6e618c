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
	    a->st_mode == b->st_mode && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* 1 or 0; -1: it cannot be read. */
static int
has_mark(const char *path)
{
	const struct span mark = SPAN(GENUINE_MARK);
	struct str text = STR_INIT;
	int result = file_read(path, &text, PROGRAM_MAX);
	struct span rest = str_span(&text);

	while (result == 0 && rest.len) {
		rest = span_from(rest, span_find(rest, mark.s[0]));
		result = span_starts(rest, mark);
		rest = span_from(rest, 1);
	}
	str_free(&text);
	return result;
}

bool
genuine_queue_program(void)
{
	struct str path = STR_INIT;
	struct stat now;
	int answer = -1;

	str_add_z(&path, home_dir);
	str_add_z(&path, "/bin/qmail-queue");
	if (stat(str_z(&path), &now) == 0)
		answer =
		    is_same(&now, &seen) ? is_ours : has_mark(str_z(&path));
	is_ours = answer > 0;
	/* What cannot be looked at now may be later. */
	seen = answer < 0 ? (struct stat){ 0 } : now;
	str_free(&path);
	return is_ours;
}
