/*
 * maildirquota.h - the file maildirsize of a Maildir++, as maildrop, Courier and
 * Dovecot keep it: a first line that says how much may be in the Maildir,
 * "10000000S,1000C", and lines of bytes and messages, which are added up; those
 * that go are negative.
 * Input: trusted, damage expected
 */
#ifndef MAIL_MAILDIRQUOTA_H
#define MAIL_MAILDIRQUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define MAILDIRQUOTA_MAX ((uint64_t)1 << 60) /* bytes or messages */

struct maildirquota {
	uint64_t bytes, messages; /* at most; 0: any number */
};

struct maildirquota_use {
	int64_t bytes, messages;
};

/*
 * maildirquota_parse: takes a quota apart: numbers with S for bytes or C for
 * messages behind them, and commas between; other letters do not count.
 * Returns false if it is none.
 */
MUST_CHECK bool
maildirquota_parse(struct span text, struct maildirquota *quota);

/*
 * maildirquota_add_up: what the lines of maildirsize behind the first come to.
 *   lines   receives their number
 * Returns false if one is damaged, or the last one has no end, or the result is
 * less than nothing.
 */
MUST_CHECK bool maildirquota_add_up(
    struct span text, struct maildirquota_use *use, size_t *lines);

/* maildirquota_has_room: whether one more message of so many bytes fits. */
bool maildirquota_has_room(const struct maildirquota *quota,
    const struct maildirquota_use *use, uint64_t bytes);

/* maildirquota_add_line: appends a line of maildirsize. */
void maildirquota_add_line(struct str *text, uint64_t bytes, uint64_t messages);

#endif
