/*
 * logfield.h - the words behind the event of a line of a log of ours:
 * NAME=VALUE, or NAME="VALUE", with a blank between them; as sys/logline.h
 * writes them.
 * Input: hostile
 */
#ifndef MAIL_LOGFIELD_H
#define MAIL_LOGFIELD_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

struct logfield {
	struct span name;
	struct span value; /* without quotes, and as it is in the line */
	bool is_quoted;
};

/*
 * logfield_cut: takes the next word off.
 *   words   what is left of the line; not empty
 *   field   receives it, with spans into the line
 * Returns false if there is none that is whole: no name, or a quote without
 * end; the rest is then of no use.
 */
MUST_CHECK bool logfield_cut(struct span *words, struct logfield *field);

/*
 * logfield_add_value: adds the bytes that a value stands for: in quotes, \xHH
 * is a byte.  A backslash before anything else is itself.
 */
void logfield_add_value(struct str *text, const struct logfield *field);

#endif
