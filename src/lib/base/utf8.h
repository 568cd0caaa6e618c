/* utf8.h - text beyond ASCII (RFC 3629).  Input: hostile. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>

#include "base/span.h"

/* utf8_is_ascii: whether no byte is above 127; fast on long texts. */
bool utf8_is_ascii(struct span text);

/* utf8_is_valid: whether the text is UTF-8: whole sequences, each the shortest
 * for its character, no surrogates, nothing above U+10FFFF. */
bool utf8_is_valid(struct span text);

#endif
