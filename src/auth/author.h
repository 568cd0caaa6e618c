/* author.h - the domain of the author of a message. */
#ifndef AUTH_AUTHOR_H
#define AUTH_AUTHOR_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"
#include "mail/dkimheader.h"

#define AUTHOR_MAX 100 /* addresses of a field From */

/*
 * author_find: finds the domain in the one field From: that of all addresses in it
 * (RFC 9989 4.3).
 *   header   one that is over
 *   author   receives it, replaced: a name that dnsname_parse takes, U-labels as they
 *            are; empty if there is none
 * Returns false if there is none, or more than one, or it is no host name, or has
 * characters that no U-label has (base/ulabel.h), or the header cannot be understood, or
 * readers may differ about it.
 */
MUST_CHECK bool
author_find(const struct dkimheader *header, struct str *author);

#endif
