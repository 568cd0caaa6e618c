/*
 * authresults.h - the field Authentication-Results (RFC 8601).  Pure.
 */
#ifndef MAIL_AUTHRESULTS_H
#define MAIL_AUTHRESULTS_H

#include <stdbool.h>

#include "base/span.h"
#include "base/str.h"

#define AUTHRESULTS_NAME      "Authentication-Results"
#define AUTHRESULTS_VALUE_MAX 255u /* bytes of a value that are written */

/*
 * authresults_is_from: whether a field says that it is of this host, a dot at the
 * end of a name or not, or does not say whose it is as RFC 8601 2.2 wants it, up to
 * the first semicolon, with characters in the name that no U-label has for one: a border
 * removes it (RFC 8601 5), so that nobody believes it.
 *   value   what follows the colon, folds and all; hostile
 *   id      the authserv-id of this host
 */
bool authresults_is_from(struct span value, struct span id);

/*
 * authresults_pretends: whether a field of a header is such a one, or some reader may
 * take it for one, or a part of it: its name has blanks, folds, or bytes that are not
 * printable within or before it, or stands behind a CR.
 *   field   with its name; hostile
 */
bool authresults_pretends(struct span field, struct span id);

/*
 * authresults_add_value: appends a value as it may stand behind a "=": as it is if
 * it is a token, or an address of tokens; else in quotes.  What is no printable
 * ASCII becomes "?", and of a long one AUTHRESULTS_VALUE_MAX bytes are left, so that
 * it breaks no line.  An empty one is "".
 *   value   hostile
 */
void authresults_add_value(struct str *text, struct span value);

/* authresults_add_quoted: the same, always in quotes. */
void authresults_add_quoted(struct str *text, struct span value);

#endif
