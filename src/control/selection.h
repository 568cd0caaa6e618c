/* selection.h - which messages an administrator means.  Pure. */
#ifndef CONTROL_SELECTION_H
#define CONTROL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"

#include "message.h"

#define SELECTION_NUMBERS_MAX 1000 /* numbers in one request */

/* What is not given means any.  All that is given must be true of it. */
struct selection {
	VEC(uint64_t) numbers;
	bool has_sender, has_recipient, has_domain, has_stage, is_all;
	bool is_again; /* the numbers are of messages that were found before */
	struct str sender, recipient, domain;
	enum stage stage;
	enum channel_id channel; /* CHANNELS: any */
	int64_t older, younger;	 /* seconds; -1: any */
};

#define SELECTION_INIT                                          \
	{                                                       \
		.channel = CHANNELS, .older = -1, .younger = -1 \
	}

/* selection_add: takes over one condition.  Returns false if the letter is not
 * one of them or the value malformed. */
MUST_CHECK bool
selection_add(struct selection *selection, char letter, struct span value);

/* selection_is_empty: whether nothing at all is given. */
bool selection_is_empty(const struct selection *selection);

/* selection_needs_stage: whether messages cannot be judged without asking what
 * happens to them. */
bool selection_needs_stage(const struct selection *selection);

/*
 * selection_has: whether a message is meant.
 *   stage   what happens to it
 *   now     seconds
 *
 * A recipient, domain or channel is that of a recipient who is still to do.
 * Case does not count in them, nor in senders.
 */
bool selection_has(const struct selection *selection,
    const struct message *message, enum stage stage, int64_t now);

/*
 * selection_has_others: whether it was chosen by recipient, domain or channel
 * and has recipients to do to whom that does not apply.
 */
bool selection_has_others(
    const struct selection *selection, const struct message *message);

/* selection_free: releases the memory. */
void selection_free(struct selection *selection);

#endif
