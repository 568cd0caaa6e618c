/*
 * maildrop.h - the messages of a Maildir, as one POP3 session sees them: those
 * that are there when it begins, in the order of their arrival.
 *
 * Names are all that is kept (records.h), and 8 bytes for the order.  Paths are
 * relative to the Maildir.
 */
#ifndef POP_MAILDROP_H
#define POP_MAILDROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "records.h"

struct maildrop_entry {
	uint32_t seconds; /* of arrival */
	uint32_t place;	  /* of its record */
};

struct maildrop {
	VEC(struct maildrop_entry) entries;
	struct records records;
	bool counts_lines; /* see maildrop_open */
	size_t deleted;	   /* messages */
	uint64_t octets;   /* of those that are not deleted */
};

/*
 * maildrop_open: reads new and cur of the working folder.
 *   now            seconds; a file that is not older than this is left out:
 *                  it counts as not yet there
 *   counts_lines   octets are what is sent, with CR LF at line ends, also where
 *                  the name does not tell: each such message is read once.
 *                  Otherwise they are the size of the file then.
 * A name with a moment of arrival, S and W (mail/maildirname.h) is believed
 * without a look at the file, and is there at once.  Names that begin with a
 * dot, and all but regular files and links to them, are no messages.
 * Of files in which a name is the same up to the colon all but one get another:
 * each message has a unique-id of its own, and can be found again.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int
maildrop_open(struct maildrop *drop, int64_t now, bool counts_lines);

/* maildrop_count: how many messages there are, deleted ones too. */
size_t maildrop_count(const struct maildrop *drop);

/* maildrop_get: message i, from 0 on; its name is good until the next call of
 * any function here. */
void
maildrop_get(struct maildrop *drop, size_t i, struct maildrop_message *message);

/* maildrop_delete: marks message i, which is not marked yet. */
void maildrop_delete(struct maildrop *drop, size_t i);

/* maildrop_restore: takes all marks away. */
void maildrop_restore(struct maildrop *drop);

/*
 * maildrop_add_uid: appends what names message i for ever: its name up to the
 * colon, or the digest of that, if it is no unique-id of RFC 1939 7.
 */
void maildrop_add_uid(struct maildrop *drop, size_t i, struct str *text);

/*
 * maildrop_open_message: opens message i for reading, also if another reader
 * has moved it from new to cur or changed its flags.
 * Returns the descriptor of a regular file; -1 with errno, ENOENT: it is gone.
 */
MUST_CHECK int maildrop_open_message(struct maildrop *drop, size_t i);

/*
 * maildrop_update: removes what is marked, and moves the rest of new to cur.
 * What another reader has removed already is removed; a name that is taken in
 * cur is left where it is.
 * Returns the number of marked messages that are still there.
 */
size_t maildrop_update(struct maildrop *drop);

#endif
