/* author.h - the domain of the author of a message. */
#ifndef AUTH_AUTHOR_H
#define AUTH_AUTHOR_H

#include "base/attr.h"
#include "base/str.h"
#include "mail/dkimheader.h"

#define AUTHOR_MAX 100 /* addresses of a field From */

enum author_outcome {
	AUTHOR_FOUND,
	AUTHOR_NONE,	/* no field From */
	AUTHOR_SEVERAL, /* several of them */
	AUTHOR_UNTOLD,	/* one that is not plain */
	AUTHOR_BROKEN /* the header: where fields begin and end is not plain */
};

/*
 * author_find: finds the domain in the one field From: that of all addresses in it
 * (RFC 9989 4.3).
 *   header   one that is over
 *   author   receives it, replaced: a name that dnsname_parse takes, U-labels as they
 *            are; empty if it is not found
 *
 * Readers differ in what they make of a field that is not written as it should be, so
 * only one that all read alike is told:
 *	field     mailbox { (, ; or :) mailbox }, with any of these before and behind
 *	mailbox   address, or words <address>, or address <address>
 *	words     atoms, quoted strings, and atoms in [ ]; between them , ; and :, too
 *	address   an atom or a quoted string, @, an atom that can be a host name and has
 *	          no character that no U-label has (base/ulabel.h); no blanks within
 * Atoms may have dots and 8-bit bytes.  Blanks, folds and comments may be anywhere else;
 * a comment has no @, quote, backslash, < or >.  A quoted string that has an @, which is
 * for readers to pass over, has no backslash, and is nobody's local part.  All addresses
 * are of one domain, those in the place of words, too.
 *
 * Where an @ has another host than the author's behind it, as readers see the field that
 * decode encoded words (RFC 2047) first, that is in a quoted string on one line, which is
 * all of the name of the only address, and no encoded word has one of <>()",;: in it.
 */
MUST_CHECK enum author_outcome
author_find(const struct dkimheader *header, struct str *author);

#endif
