/* base64.h - bytes as text (RFC 4648 4).  Input: hostile. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

/* base64_value: the six bits of a letter; -1: it is none. */
int base64_value(char letter);

/* base64_size: so many bytes at most come out of a text of this length. */
size_t base64_size(size_t text_len);

/*
 * base64_decode: appends the bytes that the text stands for: groups of four, the
 * last perhaps with = in the place of one or two; nothing else, as blanks, is
 * passed over, and bits that stand for nothing must be 0.
 * Returns whether it is such a text.  If not, what came before the fault may have
 * been appended.  Where *bytes has room for base64_size no copy is left behind.
 */
MUST_CHECK bool base64_decode(struct str *bytes, struct span text);

/* base64_add: appends the text that stands for the bytes, with = at its end where it
 * needs it.  Where *text has room no copy is left behind. */
void base64_add(struct str *text, struct span bytes);

#endif
