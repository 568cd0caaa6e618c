/*
 * messageid.h - the Message-ID of a message that goes by in pieces.
 * Input: hostile
 */
#ifndef MAIL_MESSAGEID_H
#define MAIL_MESSAGEID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define MESSAGEID_MAX	   250 /* bytes; the rest is cut off */
#define MESSAGEID_NAME_MAX 32  /* bytes of a line that may be the name */

enum messageid_place {
	MESSAGEID_NAME,	 /* in a line that may be the field */
	MESSAGEID_VALUE, /* in it */
	MESSAGEID_OTHER, /* in a line of another field */
	MESSAGEID_OVER	 /* it was found, or the header has ended */
};

/* Constant memory, whatever the header; start with {0}. */
struct messageid {
	enum messageid_place place;
	bool is_found;	 /* value is that of the field, so far */
	bool is_in_line; /* the next byte does not begin one */
	size_t name_len, len;
	char name[MESSAGEID_NAME_MAX];
	char value[MESSAGEID_MAX];
};

/* messageid_add: looks at the next bytes of the message, with LF line ends. */
void messageid_add(struct messageid *id, struct span bytes);

/* messageid_value: that of the first field of this name so far, without blanks
 * around it and without folds; empty if there is none. */
struct span messageid_value(const struct messageid *id);

#endif
