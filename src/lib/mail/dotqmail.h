/* dotqmail.h - the lines of a .qmail file.  Source: dot-qmail(5). */
#ifndef MAIL_DOTQMAIL_H
#define MAIL_DOTQMAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "base/str.h"

enum dotqmail_kind {
	DOTQMAIL_BLANK,	  /* nothing but blanks, or a NUL comes first */
	DOTQMAIL_COMMENT, /* # ..., or a + with a word nobody knows */
	DOTQMAIL_MAILDIR, /* ./Maildir/ */
	DOTQMAIL_MBOX,	  /* ./Mailbox */
	DOTQMAIL_PROGRAM, /* |command */
	DOTQMAIL_FORWARD, /* &address; the text may be empty */
	DOTQMAIL_LIST,	  /* +list: from here on only forwards */
	DOTQMAIL_BROKEN,  /* a NUL in it: half of it would be lost */
};

struct dotqmail_line {
	enum dotqmail_kind kind;
	struct span text; /* name, command or address, without its mark */
};

/*
 * dotqmail_next: takes the next line off the text.  Blanks, tabs and carriage
 * returns at its end do not count.
 * Returns false when there are no more lines.
 */
bool dotqmail_next(struct span *text, struct dotqmail_line *line);

/* The names under which the rules of one address may stand. */
struct dotqmail_names {
	struct span dash, extension;
	size_t len;	 /* bytes of the extension that the name has */
	bool is_default; /* "default" stands for the rest */
};

/*
 * dotqmail_names_begin: the names for an extension: ".qmail" DASH, then the
 * extension; then ever shorter parts of it, each up to a dash, with "default"
 * in place of the rest.
 */
struct dotqmail_names
dotqmail_names_begin(struct span dash, struct span extension);

/*
 * dotqmail_names_next: goes on to the next name.
 *   name   receives it, replaced; len and is_default of *names belong to it
 * Returns false when there are no more.
 */
bool dotqmail_names_next(struct dotqmail_names *names, struct str *name);

/*
 * dotqmail_add_extension: appends the extension of an address as it stands in
 * the names of .qmail files: letters lower, dots as colons, so that nobody
 * can write .. into a path.
 */
void dotqmail_add_extension(struct str *name, struct span extension);

/* dotqmail_is_permanent: whether a program that ended with this exit code asks to
 * give up: sysexits.h, and qmail's own.  Source: qmail-command(8). */
bool dotqmail_is_permanent(int exit_code);

#endif
