/* quote.h - local parts in the form that headers and SMTP ask for. */
#ifndef MAIL_QUOTE_H
#define MAIL_QUOTE_H

#include "base/span.h"
#include "base/str.h"

/*
 * quote_add_address: appends an envelope address with its local part quoted
 * where RFC 5322 3.4.1 needs it: `a b@c` becomes `"a b"@c`.  The local part
 * is what stands before the last @; without an @ the whole is quoted if it
 * needs to be.  The domain is copied as it is; so is the empty address.
 */
void quote_add_address(struct str *text, struct span address);

/*
 * quote_add_local_part: appends a local part, quoted where needed: unless it
 * is a dot-atom.  Quotes, backslashes, CR and LF get a backslash.
 */
void quote_add_local_part(struct str *text, struct span local_part);

/*
 * quote_is_needed: whether a local part is no dot-atom (RFC 5322 3.2.3), to
 * which bytes above 127 belong if all of it is UTF-8 (RFC 6532 3.2).
 */
bool quote_is_needed(struct span local_part);

#endif
