/*
 * logset.c - the lines of many logs, in order of time.
 * Input: hostile
 */
#include "logset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/home.h"
#include "sys/dir.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"

/* ---- which files ---- */

static struct logset_log *
new_log(struct logset *set, const char *path)
{
	struct logset_log *log = must_realloc(NULL, sizeof(*log));
	struct span name = span_of(path);
	size_t slash;

	*log = (struct logset_log){ .name = STR_INIT };
	while (name.len > 1 && span_ends(name, SPAN("/")))
		name.len--;
	slash = span_find_last(name, '/');
	str_add(
	    &log->name, slash == name.len ? name : span_from(name, slash + 1));
	str_add(&log->path, name);
	log->buffer = must_realloc(NULL, LOGSET_BUFFER);
	vec_push(&set->logs, log);
	return log;
}

static void
add_file(struct logset *set, struct logset_log *log, const char *path, int fd)
{
	struct logset_file file = { STR_INIT, fd };

	if (++set->files > LOGSET_FILES_MAX) {
		errno = EMFILE;
		error_exit(set->program, path);
	}
	str_add_z(&file.name, path);
	vec_push(&log->files, file);
}

#define LOGS	"/log"	  /* below HOME */
#define CURRENT "current" /* that multilog writes */

#define PREVIOUS "previous" /* that a processor of it reads */

/* Those that it has finished, or hands to a processor. */
static bool
is_finished(const char *name)
{
	struct span word = span_of(name);

	return span_equal(word, SPAN(PREVIOUS)) ||
	    (span_starts(word, SPAN("@")) &&
		(span_ends(word, SPAN(".s")) || span_ends(word, SPAN(".u"))));
}

static int
rank(const struct logset_file *file)
{
	if (span_ends(str_span(&file->name), SPAN("/" CURRENT)))
		return 2;
	return span_ends(str_span(&file->name), SPAN("/" PREVIOUS)) ? 1 : 0;
}

static int
compare(const void *left, const void *right)
{
	const struct logset_file *a = left, *b = right;

	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	return strcmp(a->name.s, b->name.s);
}

static void
add_path(struct str *path, const char *folder, const char *name)
{
	str_reset(path);
	str_add_z(path, folder);
	str_add_byte(path, '/');
	str_add_z(path, name);
}

/* Calls for each name in a folder; false: it is none. */
static bool
walk(struct logset *set, const char *folder, void *context,
    void (*call)(struct logset *set, const char *folder, const char *name,
	void *context))
{
	struct dir dir = { .stream = NULL };
	const char *name;
	int got;

	if (dir_open(&dir, folder) < 0) {
		if (errno != ENOTDIR)
			error_exit(set->program, folder);
		return false;
	}
	while ((got = dir_next(&dir, &name)) > 0)
		call(set, folder, name, context);
	if (got < 0)
		error_exit(set->program, folder);
	dir_close(&dir);
	return true;
}

/* Opens a file of a folder, if it is still there. */
static int
open_in(
    struct logset *set, struct str *path, const char *folder, const char *name)
{
	int fd;

	add_path(path, folder, name);
	fd = file_open(path->s);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		error_exit(set->program, path->s);
	return fd;
}

/* What was current when it was opened may have got this name since; then it stands
 * before what has come behind it. */
static bool
is_renamed(struct logset_log *log, const struct str *path)
{
	struct logset_file *file;

	if (!log || !log->files.len)
		return false;
	file = &log->files.at[0];
	if (!span_ends(str_span(&file->name), SPAN("/" CURRENT)) ||
	    !file_has_name(file->fd, path->s))
		return false;
	str_set(&file->name, str_span(path));
	return true;
}

static void
take_file(
    struct logset *set, const char *folder, const char *name, void *context)
{
	struct logset_log **log = context;
	struct str path = STR_INIT;
	int fd;

	if (is_finished(name)) {
		fd = open_in(set, &path, folder, name);
		if (!*log)
			*log = new_log(set, folder);
		if (fd >= 0 && is_renamed(*log, &path))
			fd_close(fd);
		else if (fd >= 0)
			add_file(set, *log, path.s, fd);
	}
	str_free(&path);
}

/* A folder of multilog.  What is current is opened first: if multilog goes on to the
 * next file meanwhile, that one waits, and none in between is missed.  Returns false if
 * it is none. */
static bool
take_folder(struct logset *set, const char *folder)
{
	struct logset_log *log = NULL;
	struct str path = STR_INIT;
	int fd = open_in(set, &path, folder, CURRENT);

	if (fd >= 0) {
		log = new_log(set, folder);
		add_file(set, log, path.s, fd);
	}
	str_free(&path);
	if (!walk(set, folder, &log, take_file) || !log)
		return false;
	if (log->files.len)
		qsort(log->files.at, log->files.len, sizeof(*log->files.at),
		    compare);
	return true;
}

static void
take_below(
    struct logset *set, const char *folder, const char *name, void *context)
{
	bool *is_found = context;
	struct str path = STR_INIT;

	add_path(&path, folder, name);
	if (take_folder(set, path.s))
		*is_found = true;
	str_free(&path);
}

bool
logset_add(struct logset *set, const char *path)
{
	bool is_found = false;
	int fd;

	/* As many files, and a few more. */
	(void)fd_raise_limit(LOGSET_FILES_MAX + 64);
	if (take_folder(set, path))
		return true;
	if (walk(set, path, &is_found, take_below))
		return is_found;
	fd = file_open(path);
	if (fd < 0)
		error_exit(set->program, path);
	add_file(set, new_log(set, path), path, fd);
	return true;
}

void
logset_add_all(struct logset *set, char **paths)
{
	struct str all = STR_INIT;
	bool has_logs = true;

	if (!*paths) {
		str_add_z(&all, home_dir);
		str_add_z(&all, LOGS);
		has_logs = logset_add(set, str_z(&all));
	}
	for (; *paths; paths++)
		has_logs = logset_add(set, *paths) && has_logs;
	str_free(&all);
	if (!has_logs) {
		errno = 0;
		error_exit(
		    set->program, "there is no log in one of the folders");
	}
}

/* ---- lines ---- */

static void
open_next(struct logset *set, struct logset_log *log)
{
	if (log->at < log->files.len)
		lines_open(&log->lines, set->program, log->files.at[log->at].fd,
		    log->buffer, LOGSET_BUFFER);
}

/* The next line of a log, if it has one. */
static void
read_entry(struct logset *set, struct logset_log *log)
{
	struct span line;

	while (log->at < log->files.len) {
		if (lines_next(&log->lines, &line)) {
			(void)entry_parse(line, &log->entry);
			log->has_entry = true;
			return;
		}
		lines_free(&log->lines);
		log->at++;
		open_next(set, log);
	}
	log->has_entry = false;
}

void
logset_begin(struct logset *set)
{
	set->last = NULL;
	for (size_t i = 0; i < set->logs.len; i++) {
		struct logset_log *log = set->logs.at[i];

		for (size_t j = 0; j < log->files.len; j++) {
			struct in in;

			in_init(&in, log->files.at[j].fd, log->buffer,
			    LOGSET_BUFFER);
			if (in_rewind(&in) < 0)
				error_exit(set->program,
				    str_z(&log->files.at[j].name));
		}
		log->at = 0;
		log->entry.time = (struct logstamp){ 0, 0 };
		open_next(set, log);
		read_entry(set, log);
	}
}

static bool
is_before(const struct logstamp *a, const struct logstamp *b)
{
	return a->seconds < b->seconds ||
	    (a->seconds == b->seconds && a->nanoseconds < b->nanoseconds);
}

bool
logset_next(struct logset *set, const struct entry **entry, struct span *name)
{
	struct logset_log *first = NULL;

	if (set->last)
		read_entry(set, set->last);
	for (size_t i = 0; i < set->logs.len; i++) {
		struct logset_log *log = set->logs.at[i];

		if (log->has_entry &&
		    (!first || is_before(&log->entry.time, &first->entry.time)))
			first = log;
	}
	set->last = first;
	if (!first)
		return false;
	*entry = &first->entry;
	*name = str_span(&first->name);
	return true;
}

void
logset_free(struct logset *set)
{
	for (size_t i = 0; i < set->logs.len; i++) {
		struct logset_log *log = set->logs.at[i];

		if (log->at < log->files.len)
			lines_free(&log->lines);
		for (size_t j = 0; j < log->files.len; j++) {
			fd_close(log->files.at[j].fd);
			str_free(&log->files.at[j].name);
		}
		vec_free(&log->files);
		str_free(&log->name);
		str_free(&log->path);
		must_free(log->buffer);
		must_free(log);
	}
	vec_free(&set->logs);
}
