/*
 * path.c - names in the queue.
 * Input: hostile (file names)
 */
#include "queue/path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/scan.h"
#include "base/str.h"
#include "sys/file.h"

static const char *const folder_names[QUEUE_FOLDERS] = { "mess", "intd", "todo",
	"info", "local", "remote", "bounce" };

const char *
queue_folder_name(enum queue_folder folder)
{
	return folder_names[folder];
}

/* Writes "/NUMBER" and a NUL at p; returns where the NUL is. */
static char *
add_part(char *p, uint64_t number)
{
	*p++ = '/';
	p += fmt_u64(p, number);
	*p = '\0';
	return p;
}

static char *
start_path(struct queue_path *path, enum queue_folder folder)
{
	size_t len = strlen(folder_names[folder]);

	memcpy(path->s, folder_names[folder], len);
	return path->s + len;
}

struct queue_path
queue_path(enum queue_folder folder, uint64_t number, uint64_t split)
{
	struct queue_path path;
	char *end = start_path(&path, folder);

	(void)add_part(add_part(end, number % split), number);
	return path;
}

struct queue_path
queue_path_folder(enum queue_folder folder, uint64_t part)
{
	struct queue_path path;

	(void)add_part(start_path(&path, folder), part);
	return path;
}

bool
queue_path_number(struct span name, uint64_t *number)
{
	return name.len > 0 && name.s[0] != '0' &&
	    scan_u64(name, INT64_MAX, number);
}

bool
queue_path_part(struct span name, uint64_t *part)
{
	return (span_equal(name, SPAN("0")) || !span_starts(name, SPAN("0"))) &&
	    scan_u64(name, INT64_MAX, part);
}

bool
queue_number_is_time(uint64_t number)
{
	return number / 1000000 >= QUEUE_EARLIEST_BIRTH;
}

int
queue_number_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int
queue_folder_next(
    struct dir *dir, uint64_t part, uint64_t split, uint64_t *number)
{
	const char *name;
	int got;

	while ((got = dir_next(dir, &name)) > 0)
		if (queue_path_number(span_of(name), number) &&
		    *number % split == part)
			break;
	return got;
}

int
queue_split_read(uint64_t *split)
{
	struct str text = STR_INIT;
	int result = 0;

	*split = QUEUE_SPLIT_DEFAULT;
	if (file_read("lock/split", &text, 64) < 0) {
		if (errno != ENOENT)
			result = -1;
	} else if (!scan_u64_prefix(
		       str_span(&text), QUEUE_SPLIT_MAX + 1, split) ||
	    *split < 1 || *split > QUEUE_SPLIT_MAX) {
		errno = EBADMSG;
		result = -1;
	}
	str_free(&text);
	return result;
}

bool
queue_is_missing(struct queue_path path)
{
	int cause = errno;
	char *slash = strrchr(path.s, '/');
	bool result = cause == ENOENT;

	if (result && slash) {
		*slash = '\0';
		result = access(path.s, F_OK) == 0;
	}
	errno = cause;
	return result;
}

/* What cannot be told is told later, of the message that needs it. */
static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool
queue_has_its_parts(uint64_t split)
{
	static const enum queue_folder folders[] = { QUEUE_MESS, QUEUE_INTD,
		QUEUE_TODO, QUEUE_INFO, QUEUE_LOCAL, QUEUE_REMOTE,
		QUEUE_BOUNCE };

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (!is_there(queue_path_folder(folders[i], split - 1).s) ||
		    access(queue_path_folder(folders[i], split).s, F_OK) == 0)
			return false;
	return true;
}
