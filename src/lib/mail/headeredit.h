/*
 * headeredit.h - a header that is changed field by field, as milters do.
 *
 * Fields are counted from the top.  Those that are hidden have a place, but no
 * name that can be asked for: the trace that this host has written itself.
 * What is deleted keeps its number for who counts, as sendmail has it.
 * Input: hostile names and values; the caller limits how many.
 */
#ifndef MAIL_HEADEREDIT_H
#define MAIL_HEADEREDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

struct headeredit_field {
	struct span old; /* as it was read, newline included; or empty */
	struct str text; /* what it is now, if it was changed or added */
	bool is_hidden, is_changed, is_deleted;
};

struct headeredit {
	VEC(struct headeredit_field) fields;
	bool is_changed;
};

#define HEADEREDIT_INIT         \
	{                       \
		VEC_INIT, false \
	}

/* headeredit_take: adds a field as it was read, at the end.  It stays the caller's. */
void
headeredit_take(struct headeredit *edit, struct span field, bool is_hidden);

/*
 * headeredit_insert: a new field.
 *   place   how many of the fields come before it; more than there are: all
 *   name    printable bytes without a colon
 *   value   with what follows the colon at once; its lines end in LF or CR LF, and
 *           those that would end the field are made to continue it
 * Returns false if the name is none, or the value has a NUL: nothing was done.
 */
MUST_CHECK bool headeredit_insert(
    struct headeredit *edit, size_t place, struct span name, struct span value);

/*
 * headeredit_change: gives a field another value.
 *   number   which of those with this name, from 1; beyond the last: a new one is
 *            added at the end
 *   value    as above; empty: the field is deleted
 * Returns as headeredit_insert.
 */
MUST_CHECK bool headeredit_change(struct headeredit *edit, size_t number,
    struct span name, struct span value);

/* headeredit_next: the next field that is there; *place begins at 0.  False: no more. */
bool headeredit_next(const struct headeredit *edit, size_t *place,
    struct span *field, bool *is_hidden);

void headeredit_free(struct headeredit *edit);

#endif
