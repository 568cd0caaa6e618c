/*
 * forwardline.h - lines with recipients as people write them into .forward,
 * /etc/aliases and the text of lists: addresses in the forms of RFC 822, with
 * commas, semicolons or nothing between them; "|program", quoted if it has
 * blanks; :include:FILE.
 * Source: dot-forward(1), newaliases(1), newinclude(1).
 * Input: of the user; broken lines are refused, for half of one would send mail
 * to others than he meant.
 */
#ifndef MAIL_FORWARDLINE_H
#define MAIL_FORWARDLINE_H

#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define FORWARDLINE_ADDRESS_MAX 800 /* bytes */

enum forwardline_kind {
	FORWARDLINE_ADDRESS,
	FORWARDLINE_PROGRAM, /* the text is the command, without its bar */
	FORWARDLINE_INCLUDE  /* the text is the name of a file */
};

struct forwardline_entry {
	enum forwardline_kind kind;
	struct str text;
	size_t local_len; /* bytes before the @; text.len: there is no @ */
};

struct forwardline {
	VEC(struct forwardline_entry) entries;
};

#define FORWARDLINE_INIT \
	{                \
		VEC_INIT \
	}

/*
 * forwardline_parse: appends the recipients of a line, in its order; comments,
 * names and routes are left out, quotes undone, hosts as they stand.
 * Returns NULL, or why the line cannot be used, as a sentence without its dot.
 */
MUST_CHECK const char *
forwardline_parse(struct forwardline *line, struct span text);

/*
 * forwardline_cut_alias: takes the name of an alias off a line of /etc/aliases,
 * up to the colon; without a colon it is the first address.
 *   text    what is left of it are the recipients
 *   alias   receives the name in small letters, with an @ at its end if it has
 *           none; empty if the line is blank
 * Returns as forwardline_parse.
 */
MUST_CHECK const char *
forwardline_cut_alias(struct span *text, struct str *alias);

/*
 * forwardline_complete: completes the host of an address.
 *   rules   for hosts; see hostrules.h
 * Returns as forwardline_parse: FORWARDLINE_ADDRESS_MAX.
 */
MUST_CHECK const char *
forwardline_complete(struct forwardline_entry *entry, struct span rules);

/* forwardline_reset: takes all entries out. */
void forwardline_reset(struct forwardline *line);

void forwardline_free(struct forwardline *line);

#endif
