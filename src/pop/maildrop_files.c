/*
 * maildrop_files.c - the files of a maildrop.
 * Input: names hostile
 */
#include "maildrop_files.h"

#include <errno.h>
#include <unistd.h>

#include "net/popdata.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/file.h"

#define BLOCK 16384

static void
set_path(struct str *path, bool is_new, struct span name)
{
	str_set(path, is_new ? SPAN("new/") : SPAN("cur/"));
	str_add(path, name);
}

int
maildrop_stat(const struct maildrop_message *message, struct stat *st)
{
	struct str path = STR_INIT;
	int result;

	set_path(&path, message->is_new, message->name);
	result = stat(str_z(&path), st);
	str_free(&path);
	return result;
}

int
maildrop_unlink(const struct maildrop_message *message)
{
	struct str path = STR_INIT;
	int result;

	set_path(&path, message->is_new, message->name);
	result = unlink(str_z(&path));
	str_free(&path);
	return result;
}

int
maildrop_open_file(const struct maildrop_message *message)
{
	struct str path = STR_INIT;
	struct stat st;
	int fd;

	set_path(&path, message->is_new, message->name);
	fd = file_open(str_z(&path));
	str_free(&path);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		fd_close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

void
maildrop_count_octets(struct maildrop_message *message)
{
	int fd = maildrop_open_file(message);
	struct str wire = STR_INIT;
	struct popdata data;
	char block[BLOCK];
	ssize_t got;

	if (fd < 0)
		return;
	popdata_init(&data, POPDATA_ALL);
	while ((got = fd_read(fd, block, sizeof(block))) > 0) {
		str_reset(&wire);
		popdata_add(&data, span_make(block, (size_t)got), &wire);
	}
	popdata_end(&data, &wire);
	if (got == 0)
		message->octets = data.octets;
	str_free(&wire);
	fd_close(fd);
}

static bool
is_there(bool is_new, struct span name)
{
	struct str path = STR_INIT;
	bool found;

	set_path(&path, is_new, name);
	found = access(str_z(&path), F_OK) == 0;
	str_free(&path);
	return found;
}

static bool
has_base(struct span name, struct span base)
{
	return span_starts(name, base) &&
	    (name.len == base.len || name.s[base.len] == ':');
}

/* 1, 0, -1 with errno */
static int
search_folder(bool is_new, struct span base, struct str *found)
{
	struct dir dir = { .stream = NULL };
	const char *name;
	int got;

	if (dir_open(&dir, is_new ? "new" : "cur") < 0)
		return -1;
	while ((got = dir_next(&dir, &name)) > 0)
		if (has_base(span_of(name), base)) {
			str_set(found, span_of(name));
			break;
		}
	dir_close(&dir);
	return got;
}

int
maildrop_search(struct span base, struct str *name, bool *is_new)
{
	static const char *const usual[] = { ":2,S", ":2," };
	int found;

	*is_new = false;
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		str_set(name, base);
		str_add_z(name, usual[i]);
		if (is_there(false, str_span(name)))
			return 1;
	}
	found = search_folder(false, base, name);
	if (found != 0)
		return found;
	*is_new = true;
	return search_folder(true, base, name);
}

int
maildrop_rename(const struct maildrop_message *message,
    const struct maildrop_message *renamed)
{
	struct str from = STR_INIT, to = STR_INIT;
	int result;

	set_path(&from, message->is_new, message->name);
	set_path(&to, renamed->is_new, renamed->name);
	result = file_move(str_z(&from), str_z(&to));
	str_free(&from);
	str_free(&to);
	return result;
}

void
maildrop_move_to_cur(const struct maildrop_message *message)
{
	struct str from = STR_INIT, to = STR_INIT;

	set_path(&from, true, message->name);
	set_path(&to, false, message->name);
	if (!span_has(message->name, ':'))
		str_add_z(&to, ":2,");
	/* Whatever hinders it, the message is not lost. */
	if (file_move(str_z(&from), str_z(&to)) < 0)
		errno = 0;
	str_free(&from);
	str_free(&to);
}
