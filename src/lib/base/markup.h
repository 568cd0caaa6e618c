/* markup.h - text in XML and HTML.  Input: hostile. */
#ifndef BASE_MARKUP_H
#define BASE_MARKUP_H

#include "base/span.h"
#include "base/str.h"

/* markup_add: appends bytes as text, or as the value of an attribute; what is not
 * printable ASCII becomes a question mark. */
void markup_add(struct str *text, struct span bytes);

/* markup_add_element: appends an element with such a text in it. */
void markup_add_element(struct str *text, const char *name, struct span bytes);

#endif
