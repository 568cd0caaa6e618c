/*
 * dkimtags.h - lists of tags, "name=value; name=value", as signatures of DKIM and
 * the records of its keys are (RFC 6376 3.2).  Pure.
 * Input: hostile.
 */
#ifndef MAIL_DKIMTAGS_H
#define MAIL_DKIMTAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define DKIMTAGS_MAX 50 /* tags in a list; signatures have a dozen */

struct dkimtag {
	struct span name;
	struct span value; /* without the blanks around it, with those inside */
	struct span whole; /* all that is between = and ; */
};

/* Views of the text that was parsed. */
struct dkimtags {
	struct dkimtag at[DKIMTAGS_MAX];
	size_t count;
};

/*
 * dkimtags_parse: reads a list.  Blanks are spaces, tabs, and LF for the end of a
 * folded line; bytes beyond ASCII are part of values (RFC 8616).
 *   tags   receives it, replaced
 * Returns false if the list breaks the grammar, has a name twice, or more than
 * DKIMTAGS_MAX tags: then *tags has those that could be read, to tell whose list
 * it was, and for nothing else.
 */
MUST_CHECK bool dkimtags_parse(struct span text, struct dkimtags *tags);

/* dkimtags_find: the first tag with this name, letter case included; NULL: none. */
const struct dkimtag *
dkimtags_find(const struct dkimtags *tags, const char *name);

/* dkimtags_value: its value, or otherwise where there is none. */
struct span dkimtags_value(
    const struct dkimtags *tags, const char *name, struct span otherwise);

/*
 * dkimtags_next: takes the next item off a value that is a list with colons.
 *   rest   what is still to be taken; moves on
 *   item   receives it, without blanks around it; may be empty
 * Returns false when there is no more.
 */
bool dkimtags_next(struct span *rest, struct span *item);

/* dkimtags_has: whether an item of such a list is this word, letter case
 * included. */
bool dkimtags_has(struct span list, struct span word);

/* dkimtags_decode: appends the bytes of a value in base64, in which blanks may
 * stand anywhere, and = be missing at the end.  Returns false if it is none. */
MUST_CHECK bool dkimtags_decode(struct str *bytes, struct span value);

/* dkimtags_trim: without the blanks at both ends. */
struct span dkimtags_trim(struct span text);

/* dkimtags_add_squeezed: appends the text without any blanks. */
void dkimtags_add_squeezed(struct str *text, struct span value);

#endif
