/*
 * qbiff.c - tells the user on his terminals that mail has come.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the message on fd 0, hostile; USER, SENDER, LOCAL; who is logged in.
 * Writes    lines to terminals that he made executable, as biff(1) does.
 * Source    qbiff(1), qmail-command(8).
 * Whatever fails, the delivery goes on: it ends with 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/str.h"
#include "mail/header.h"
#include "queue/headerin.h"
#include "sys/fd.h"

#define HEADER_MAX 65536 /* bytes that are looked at */
#define COLUMNS	   78

static void
out_of_memory(void)
{
	_exit(0);
}

/* A line without what moves a cursor; terminals want CR LF. */
static void
add_line(struct str *text, const char *begin, struct span words)
{
	size_t start = text->len;

	str_add_z(text, begin);
	words = span_trim(words);
	for (size_t i = 0; i < words.len && text->len - start < COLUMNS; i++)
		str_add_byte(
		    text, ascii_is_printable(words.s[i]) ? words.s[i] : '?');
	str_add_z(text, "\r\n");
}

static void
add_message(struct str *text)
{
	struct str header = STR_INIT, line = STR_INIT;
	struct span rest, field;
	char buffer[4096];
	size_t colon;
	struct in in;

	/* The others on the line have it as if nobody had looked. */
	(void)!lseek(0, 0, SEEK_SET);
	in_init(&in, 0, buffer, sizeof(buffer));
	if (headerin_read(&in, HEADER_MAX, &header, &line) < 0 &&
	    errno != EMSGSIZE)
		_exit(0);
	(void)!lseek(0, 0, SEEK_SET);
	rest = str_span(&header);
	while (headerin_next(&rest, &field)) {
		field = span_upto(field, span_find(field, '\n'));
		if (header_identify(header_name(field, &colon)) ==
		    HEADER_SUBJECT)
			add_line(
			    text, "Subject: ", span_from(field, colon + 1));
	}
	str_free(&header);
	str_free(&line);
}

/* A terminal of ours that wants to be written to. */
static void
tell(struct span device, struct span text)
{
	struct str path = STR_INIT;
	struct stat status;
	int fd;

	if (device.len == 0 || device.s[0] == '/' || device.s[0] == '.' ||
	    span_has(device, ':'))
		return;
	str_add_z(&path, "/dev/");
	str_add(&path, device);
	if (strstr(str_z(&path), ".."))
		return;
	fd = open(str_z(&path), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
	    isatty(fd) && (status.st_mode & S_IXUSR) &&
	    status.st_uid == getuid())
		(void)!fd_write(fd, text); /* what does not fit is lost */
	fd_close(fd);
	str_free(&path);
}

int
main(void)
{
	const char *user = getenv("USER"), *local_part = getenv("LOCAL"),
		   *sender = getenv("SENDER");
	struct str text = STR_INIT, head = STR_INIT;
	struct utmpx *entry;

	must_hooks(0, out_of_memory);
	if (!user || !local_part || !sender)
		return 0;
	str_add_z(&head, local_part);
	str_add_z(&head, " from ");
	str_add_z(&head, *sender ? sender : "MAILER-DAEMON");
	str_add_z(&text, "\a\r\n");
	add_line(&text, "*** mail for ", str_span(&head));
	add_message(&text);
	setutxent();
	while ((entry = getutxent()))
		if (entry->ut_type == USER_PROCESS &&
		    strncmp(entry->ut_user, user, sizeof(entry->ut_user)) == 0)
			tell(span_make(entry->ut_line,
				 strnlen(
				     entry->ut_line, sizeof(entry->ut_line))),
			    str_span(&text));
	endutxent();
	str_free(&head);
	str_free(&text);
	return 0;
}
