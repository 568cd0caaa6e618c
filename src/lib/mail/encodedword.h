/*
 * encodedword.h - fields as readers see them that decode encoded words (RFC 2047) before
 * they look at anything else; who is strict finds fewer of them.  For what has to be
 * safe in either reading.
 */
#ifndef MAIL_ENCODEDWORD_H
#define MAIL_ENCODEDWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define ENCODEDWORD_MAX 200 /* in a field */

struct encodedword_found {
	size_t count;
	bool has_syntax; /* one has one of <>()",;: */
};

/*
 * encodedword_expand: a field with its encoded words decoded, wherever they are, also in
 * quoted strings, comments and addresses.
 *   text   receives it, replaced: ASCII as it is; of other characters their bytes in
 *          their character set, and of iso-2022 nothing
 * Returns false if that depends on the reader: there are too many, one within the other,
 * or a character set in which bytes below 128 do not stand for ASCII.
 */
MUST_CHECK bool encodedword_expand(
    struct span field, struct str *text, struct encodedword_found *found);

/* encodedword_is_in: whether one begins in the text, whether or not it ends. */
bool encodedword_is_in(struct span text);

#endif
