/*
 * dkimheader.h - the header of a message, kept to choose fields of it that a
 * signature of DKIM covers (RFC 6376 5.4.2).  Pure.  Who signs and who verifies
 * use the same.
 * Input: hostile; lines ended by LF.
 */
#ifndef MAIL_DKIMHEADER_H
#define MAIL_DKIMHEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "mail/dkimcanon.h"

#define DKIMHEADER_MAX	      (1u << 20) /* bytes that are kept */
#define DKIMHEADER_FIELDS_MAX 4000	 /* fields that are kept */
#define DKIMHEADER_NAMES_MAX  1000	 /* names that a signature may list */
#define DKIMHEADER_NONE	      SIZE_MAX	 /* not one of the fields */

struct dkimheader_field {
	size_t at, len;	 /* in the text, with the LF at its end */
	size_t name_len; /* 0: the line is no field */
};

struct dkimheader {
	struct str text;
	VEC(struct dkimheader_field) fields;
	bool is_in_line;   /* the last byte was not the end of a line */
	bool is_over;	   /* the empty line has come, or the end */
	bool is_too_large; /* for what may be kept: that is of no use */
	bool is_odd;	   /* a line is no field, nor part of one */
};

#define DKIMHEADER_INIT                                        \
	{                                                      \
		STR_INIT, VEC_INIT, false, false, false, false \
	}

/*
 * dkimheader_feed: takes bytes of a message, up to the empty line, and it too.
 *   input   the bytes that came; moves on
 * Returns whether the header is over: what is left of the input is body.  A line
 * that is neither a field nor part of one does not end it, though elsewhere it may:
 * see is_odd.
 */
MUST_CHECK bool dkimheader_feed(struct dkimheader *header, struct span *input);

/* dkimheader_end: the message is over, and so is its header. */
void dkimheader_end(struct dkimheader *header);

/* Parts of it when it is over: a field with its LF, and its name. */
struct span dkimheader_field(const struct dkimheader *header, size_t index);
struct span dkimheader_name(const struct dkimheader *header, size_t index);

/* dkimheader_is_names: whether this is a list that h= may have: 1 to
 * DKIMHEADER_NAMES_MAX names of fields, with colons between. */
MUST_CHECK bool dkimheader_is_names(struct span names);

/*
 * dkimheader_add_signed: appends what is hashed of a header that is over: for each
 * name, in their order, the lowest field of that name that was not taken before,
 * in canonical form; nothing where there is none.
 *   names   a list, dkimheader_is_names
 *   own     index of the field of the signature itself, which is never chosen;
 *           DKIMHEADER_NONE when that is still to be made
 */
void dkimheader_add_signed(struct str *input, const struct dkimheader *header,
    struct span names, size_t own, enum dkim_canon canon);

/* dkimheader_free: releases the memory. */
void dkimheader_free(struct dkimheader *header);

#endif
