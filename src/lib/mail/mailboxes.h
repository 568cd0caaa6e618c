/*
 * mailboxes.h - the mailboxes in a list as people and programs write it: names,
 * comments, routes, groups, missing commas and brackets included.
 *
 *	struct mailboxes list = MAILBOXES_INIT;
 *	mailboxes_parse(&list, body)
 *	for each of list.all: name, local_part, host
 *
 * What cannot be an address becomes one as well as it can: nothing is refused but
 * what would take too much memory.  Time is linear in the text.  Input: hostile
 */
#ifndef MAIL_MAILBOXES_H
#define MAIL_MAILBOXES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

/* Mailboxes that a stranger may have in a message: each takes some 200 bytes
 * here, and two in the text. */
#define MAILBOXES_MAX 10000

/* Words and marks of one mailbox. */
#define MAILBOXES_WORDS_MAX 10000

struct mailbox {
	struct str name;       /* what people read; may be empty */
	struct str local_part; /* as in an envelope */
	struct str host;       /* likewise; empty if there is none */
	struct str group;      /* whose first member it is; else empty */
	bool begins_group, ends_group;
};

#define MAILBOX_INIT                                                 \
	{                                                            \
		STR_INIT, STR_INIT, STR_INIT, STR_INIT, false, false \
	}

struct mailboxes {
	VEC(struct mailbox) all;
};

#define MAILBOXES_INIT   \
	{                \
		VEC_INIT \
	}

/*
 * mailboxes_parse: appends the mailboxes of a list.
 *   text   what follows the colon of a field, folds and all
 *   max    mailboxes that the list may have then, those before included
 * Returns true; false if there are more, or one of them has more than
 * MAILBOXES_WORDS_MAX: the list has those before.
 * Comments and routes go into the name.  The empty path <> is a mailbox whose
 * parts are empty, and so is the only member of a group without members.
 */
MUST_CHECK bool
mailboxes_parse(struct mailboxes *list, struct span text, size_t max);

/* mailboxes_are_hidden: whether a comment that has no end, which is all that
 * follows, looks as if it held an address. */
bool mailboxes_are_hidden(struct span text);

/* mailboxes_add_address: appends local_part@host, or local_part without a
 * host, as in an envelope. */
void mailboxes_add_address(struct str *text, const struct mailbox *mailbox);

/*
 * mailboxes_add_written: appends the mailbox as a header shows it: the address,
 * quoted where needed, or "name" <address>; with "group: " before the first
 * member of a group and ";" behind the last.  No CR, LF or NUL is written.
 */
void mailboxes_add_written(struct str *text, const struct mailbox *mailbox);

void mailboxes_free(struct mailboxes *list);

/* mailboxes_free_one: releases the memory of one. */
void mailboxes_free_one(struct mailbox *mailbox);

#endif
