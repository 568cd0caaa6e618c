/*
 * encodedword.h - encoded words in a field (RFC 2047 2), wherever a reader that is not
 * strict may find one: in quoted strings, comments and addresses, too, and with blanks
 * in it.
 */
#ifndef MAIL_ENCODEDWORD_H
#define MAIL_ENCODEDWORD_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

struct encodedword {
	struct span charset; /* without the language (RFC 2231 5) */
	/* False if readers may find different ends, or different bytes in it. */
	bool is_sound;
};

/*
 * encodedword_next: the next one.
 *   rest    of the field; what follows the word is left
 *   bytes   receives what it stands for in its character set, replaced, if it is sound
 * Returns false if there is none.
 */
MUST_CHECK bool encodedword_next(
    struct span *rest, struct encodedword *word, struct str *bytes);

/*
 * encodedword_is_ascii: whether in this character set the bytes below 128 stand for the
 * characters of ASCII, or for a part of another one.  Said of those that mail has; of
 * iso-2022, which changes its meaning, it is not true.
 */
MUST_CHECK bool encodedword_is_ascii(struct span charset);

#endif
