/*
 * maildirwatch.c - shows who has written, as long as it runs.
 * Runs as   the owner of the Maildir, on a terminal.
 * Reads     the headers of new messages, hostile; MAILDIR.
 * Writes    a line for each, on fd 1.
 * Source    maildirwatch(1).
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "mail/header.h"
#include "mail/mailboxes.h"
#include "queue/headerin.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/maildir.h"

#define TEMPORARY_EXIT 111
#define WAIT_MS	       30000
#define HEADER_MAX     65536 /* bytes that are looked at */
#define NAME_COLUMNS   24
#define LINE_COLUMNS   79

static const char home_and_clear[] = "\033[H\033[J";

NORETURN static void
fail(const char *what, const char *path)
{
	error_cannot("maildirwatch", what, path);
}

static void
out_of_memory(void)
{
	errno = ENOMEM;
	fail("get", "memory");
}

/* Appends words without what moves a cursor, up to a column. */
static void
add_shown(struct str *text, struct span words, size_t start, size_t columns)
{
	if (span_ends(words, SPAN("\n")))
		words = span_upto(words, words.len - 1);
	words = span_trim(words);
	for (size_t i = 0; i < words.len && text->len - start < columns; i++) {
		char c = words.s[i];

		if (c == '\n' || c == '\r' || c == '\t')
			c = ' ';
		str_add_byte(text, ascii_is_printable(c) ? c : '?');
	}
}

/* The name of the first mailbox, or its address. */
static void
add_author(struct str *text, struct span body, size_t start)
{
	struct mailboxes list = MAILBOXES_INIT;
	struct str address = STR_INIT;

	(void)!mailboxes_parse(&list, body, 1); /* others do not matter */
	if (list.all.len) {
		const struct mailbox *first = &list.all.at[0];

		mailboxes_add_address(&address, first);
		add_shown(text,
		    str_span(first->name.len ? &first->name : &address), start,
		    NAME_COLUMNS);
	}
	str_free(&address);
	mailboxes_free(&list);
}

/* "AUTHOR   SUBJECT" */
static void
add_line(struct str *text, struct span header)
{
	struct span field, author = SPAN(""), subject = SPAN("");
	size_t start = text->len, colon;

	while (headerin_next(&header, &field))
		switch (header_identify(header_name(field, &colon))) {
		case HEADER_FROM:
			author = span_from(field, colon + 1);
			break;
		case HEADER_SUBJECT:
			subject = span_from(field, colon + 1);
			break;
		default:
			break;
		}
	add_author(text, author, start);
	while (text->len - start < NAME_COLUMNS + 1)
		str_add_byte(text, ' ');
	add_shown(text, subject, start, LINE_COLUMNS);
	str_add_byte(text, '\n');
}

/* One that went meanwhile, or cannot be read, is left out. */
static void
add_message(struct str *text, const char *name)
{
	struct str header = STR_INIT, line = STR_INIT;
	char buffer[4096];
	int fd = file_open(name);
	struct in in;

	if (fd < 0)
		return;
	in_init(&in, fd, buffer, sizeof(buffer));
	if (headerin_read(&in, HEADER_MAX, &header, &line) == 0 ||
	    errno == EMSGSIZE)
		add_line(text, str_span(&header));
	fd_close(fd);
	str_free(&header);
	str_free(&line);
}

static void
show(const char *maildir)
{
	struct maildir_files files = MAILDIR_FILES_INIT;
	struct str text = STR_INIT;

	if (maildir_list(&files, "new") < 0)
		fail("list", "new");
	maildir_sort(&files);
	if (isatty(1))
		str_add_z(&text, home_and_clear);
	str_add_z(&text, maildir);
	str_add_z(&text, ": ");
	str_add_u64(&text, files.all.len);
	str_add_z(&text, " new\n");
	for (size_t i = 0; i < files.all.len; i++)
		add_message(&text, files.all.at[i].name);
	if (fd_write_all(1, str_span(&text)) < 0)
		fail("write", "standard output");
	maildir_free(&files);
	str_free(&text);
}

int
main(int argc, char **argv)
{
	const char *maildir = argc > 1 ? argv[1] : getenv("MAILDIR");

	must_hooks(TEMPORARY_EXIT, out_of_memory);
	if (argc > 2) {
		fputs("usage: maildirwatch [maildir]\n", stderr);
		return 100;
	}
	if (!maildir) {
		fputs("maildirwatch: fatal: MAILDIR is not set\n", stderr);
		return TEMPORARY_EXIT;
	}
	if (chdir(maildir) < 0)
		fail("enter", maildir);
	for (;;) {
		show(maildir);
		(void)poll(NULL, 0, WAIT_MS); /* a signal shows it earlier */
	}
}
