/* dotqmail.h - the lines of a .qmail file.  Source: dot-qmail(5). */
#ifndef MAIL_DOTQMAIL_H
#define MAIL_DOTQMAIL_H

#include <stdbool.h>

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

/*
 * dotqmail_add_extension: appends the extension of an address as it stands in
 * the names of .qmail files: letters lower, dots as colons, so that nobody
 * can write .. into a path.
 */
void dotqmail_add_extension(struct str *name, struct span extension);

#endif
