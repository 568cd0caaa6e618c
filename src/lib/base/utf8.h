/* utf8.h - text beyond ASCII (RFC 3629).  Input: hostile. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/* utf8_is_ascii: whether no byte is above 127; fast on long texts. */
bool utf8_is_ascii(struct span text);

/* utf8_is_valid: whether the text is UTF-8: whole sequences, each the shortest
 * for its character, no surrogates, nothing above U+10FFFF. */
bool utf8_is_valid(struct span text);

/* utf8_cut: takes the first character off a text that is not empty.  Returns
 * false if it begins with none: then nothing is taken. */
MUST_CHECK bool utf8_cut(struct span *text, uint32_t *character);

#endif
