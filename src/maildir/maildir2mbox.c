/*
 * maildir2mbox.c - moves the mail of a Maildir into an mbox.
 * Runs as   the owner of both, before a mail reader.
 * Reads     the messages, hostile; MAILDIR, MAIL, MAILTMP.
 * Writes    $MAIL, by way of $MAILTMP; removes the messages.
 * Source    maildir2mbox(1), mbox(5).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"
#include "mail/fromline.h"
#include "mail/fromquote.h"
#include "sys/aside.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"
#include "sys/lock.h"
#include "sys/maildir.h"
#include "sys/out.h"

#define TEMPORARY_EXIT 111
#define LOCK_SECONDS   30
#define BLOCK	       65536
#define FIRST_LINE_MAX 4096 /* bytes that are looked at */

struct moving {
	struct str mbox, aside_path;
	struct aside aside;
	struct maildir_files files;
	struct out out;
	char in_buffer[BLOCK], out_buffer[BLOCK];
};

/* ---- ways to end ---- */

NORETURN static void
fail(const char *what, const char *path)
{
	error_cannot("maildir2mbox", what, path);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail("get", "memory");
}

/* The mbox stays as it was, and so do the messages. */
NORETURN static void
give_up(struct moving *moving, const char *what, const char *path)
{
	aside_abandon(&moving->aside);
	fail(what, path);
}

/* ---- what is to be done ---- */

/* A path from the environment, which is meant from where we were started. */
static void
get_path(struct str *path, const char *name)
{
	const char *value = getenv(name);
	char here[PATH_MAX];

	if (!value) {
		fprintf(stderr, "maildir2mbox: fatal: %s is not set\n", name);
		exit(TEMPORARY_EXIT);
	}
	if (value[0] != '/') {
		if (!getcwd(here, sizeof(here)))
			fail("find", "this folder");
		str_add_z(path, here);
		str_add_byte(path, '/');
	}
	str_add_z(path, value);
}

/* Of this very second more messages may come, which belong before some. */
static void
list_messages(struct moving *moving)
{
	struct maildir_files all = MAILDIR_FILES_INIT;
	int64_t now = clock_seconds();

	maildir_remove_leftovers(now);
	if (maildir_list(&all, "new") < 0 || maildir_list(&all, "cur") < 0)
		fail("list", "the Maildir");
	maildir_sort(&all);
	for (size_t i = 0; i < all.all.len; i++) {
		if (all.all.at[i].changed >= now)
			continue;
		vec_push(&moving->files.all, all.all.at[i]);
		all.all.at[i].name = NULL;
	}
	maildir_free(&all);
}

/* Opens the mbox, and keeps others from changing it; one of these may have put
 * another in its place while we waited. */
static int
open_mbox(const char *path)
{
	int fd = file_append(path, 0600);

	if (fd < 0)
		fail("open", path);
	if (lock_mailbox(fd, LOCK_SECONDS) < 0)
		fail("lock", path);
	if (!file_has_name(fd, path)) {
		errno = EWOULDBLOCK;
		fail("lock", path);
	}
	return fd;
}

/* ---- writing ---- */

/* Each message of an mbox ends with an empty line (mbox(5)); the last one may
 * have been cut, or come from somebody who leaves it out. */
static void
copy_mbox(struct moving *moving)
{
	const char *path = str_z(&moving->mbox);
	int fd = file_open(path), got;
	struct span bytes;
	char before_last = '\n', last = '\n';
	struct in in;

	if (fd < 0)
		give_up(moving, "read", path);
	in_init(&in, fd, moving->in_buffer, sizeof(moving->in_buffer));
	while ((got = in_peek(&in, &bytes)) > 0) {
		(void)out_add(&moving->out, bytes); /* see out_flush */
		before_last = bytes.len > 1 ? bytes.s[bytes.len - 2] : last;
		last = bytes.s[bytes.len - 1];
		in_consume(&in, bytes.len);
	}
	if (got < 0)
		give_up(moving, "read", path);
	if (last != '\n')
		(void)out_add_z(&moving->out, "\n\n");
	else if (before_last != '\n')
		(void)out_add_z(&moving->out, "\n");
	/* It stays open: to close it would give the lock of fcntl back. */
}

/* The sender in the line with which local delivery begins a message. */
static struct span
sender_of(struct span line)
{
	static const char begin[] = "Return-Path: <";
	static const char unknown[] = { 'X', 'X', 'X' };
	size_t end = span_find_last(line, '>');

	if (!span_starts(line, SPAN("Return-Path: <")) || end == line.len)
		return span_make(unknown, sizeof(unknown));
	return span_from(span_upto(line, end), sizeof(begin) - 1);
}

static void
add_quoted(struct out *out, struct fromquote *quote, struct span bytes)
{
	struct span piece;

	while (fromquote_next(quote, &bytes, &piece))
		(void)out_add(out, piece); /* see out_flush */
}

/* Returns whether the message is there still. */
static bool
add_message(struct moving *moving, const struct maildir_file *file)
{
	struct fromquote quote = FROMQUOTE_INIT;
	struct str line = STR_INIT, from = STR_INIT;
	int fd = file_open(file->name), got;
	struct span bytes;
	struct in in;

	if (fd < 0 && errno == ENOENT)
		return false;
	if (fd < 0)
		give_up(moving, "read", file->name);
	in_init(&in, fd, moving->in_buffer, sizeof(moving->in_buffer));
	got = in_read_until(&in, '\n', &line, FIRST_LINE_MAX);
	if (got < 0 && errno != EMSGSIZE)
		give_up(moving, "read", file->name);
	fromline_add_from(&from, sender_of(str_span(&line)), file->changed);
	(void)out_add(&moving->out, str_span(&from)); /* see out_flush */
	add_quoted(&moving->out, &quote, str_span(&line));
	while ((got = in_peek(&in, &bytes)) > 0) {
		add_quoted(&moving->out, &quote, bytes);
		in_consume(&in, bytes.len);
	}
	if (got < 0)
		give_up(moving, "read", file->name);
	while ((bytes = fromquote_end(&quote)).len)
		(void)out_add(&moving->out, bytes); /* likewise */
	(void)out_add_z(&moving->out, "\n");
	str_free(&line);
	str_free(&from);
	fd_close(fd);
	return true;
}

static void
write_mbox(struct moving *moving)
{
	const char *path = str_z(&moving->aside_path);

	if (aside_open(&moving->aside, path, str_z(&moving->mbox)) < 0)
		fail("write", path);
	out_init(&moving->out, moving->aside.fd, moving->out_buffer,
	    sizeof(moving->out_buffer));
	copy_mbox(moving);
	for (size_t i = 0; i < moving->files.all.len; i++)
		if (!add_message(moving, &moving->files.all.at[i]))
			moving->files.all.at[i].name[0] = '\0';
	if (out_flush(&moving->out) < 0)
		give_up(moving, "write", path);
	if (aside_finish(&moving->aside, 0600) < 0)
		fail("make", str_z(&moving->mbox));
}

/* One that cannot be removed will be moved again. */
static int
remove_messages(const struct moving *moving)
{
	int result = 0;

	for (size_t i = 0; i < moving->files.all.len; i++) {
		const char *name = moving->files.all.at[i].name;

		if (!*name || unlink(name) == 0 || errno == ENOENT)
			continue;
		fprintf(stderr, "maildir2mbox: cannot remove %s: %s\n", name,
		    error_text(errno));
		result = TEMPORARY_EXIT;
	}
	return result;
}

int
main(void)
{
	static struct moving moving;
	struct str maildir = STR_INIT;

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	get_path(&maildir, "MAILDIR");
	get_path(&moving.mbox, "MAIL");
	get_path(&moving.aside_path, "MAILTMP");
	if (chdir(str_z(&maildir)) < 0)
		fail("enter", str_z(&maildir));
	list_messages(&moving);
	if (moving.files.all.len == 0)
		return 0;
	(void)open_mbox(str_z(&moving.mbox)); /* locked until we end */
	write_mbox(&moving);
	return remove_messages(&moving);
}
