/*
 * new_inject.h - the parts of new-inject.
 *
 *	new-inject.c            options, the message, and its end
 *	new_inject_envelope.c   who sends it, and who gets it
 */
#ifndef SUBMIT_NEW_INJECT_H
#define SUBMIT_NEW_INJECT_H

#include <stdbool.h>

#include "base/str.h"
#include "config/hostnames.h"
#include "mail/mailboxes.h"
#include "mail/tidyhead.h"

/* What options and $QMAILINJECT say. */
struct new_options {
	bool prints;	      /* -n */
	char recipients;      /* a, h, H, or A: arguments, else the header */
	bool drops_from;      /* -F */
	bool drops_id;	      /* -I */
	bool marks_message;   /* -M: a sender for each message */
	bool marks_recipient; /* -R: a sender for each recipient */
	bool ignores_return_path; /* -S */
	const char *sender;	  /* -f; NULL: none */
};

struct new_envelope {
	const struct new_options *options;
	const struct hostnames *names;
	/* As fields tell them. */
	struct mailboxes to, cc, bcc, others; /* others: Apparently-To */
	struct mailboxes given;		      /* Envelope-Recipients */
	struct mailboxes sender;	      /* Envelope-Sender */
	struct mailboxes returned;	      /* Return-Path */
	bool has_given;
	/* A field with recipients has a comment that hides some; so has
	 * Envelope-Recipients. */
	bool hides_listed, hides_given;
	bool is_passed_on; /* it has come a way: there is a field Received */
	bool has_too_long; /* a mailbox has more words than are taken */
};

/* new_envelope_field: takes a field of the message.  Returns whether the
 * header shall not have it. */
bool new_envelope_field(struct new_envelope *envelope, struct span field);

/* new_envelope_sender: appends the sender. */
void
new_envelope_sender(const struct new_envelope *envelope, struct str *sender);

/* new_envelope_recipients: appends all recipients, each with a NUL; an empty
 * one is nobody.  Returns false if the header hides some. */
bool new_envelope_recipients(const struct new_envelope *envelope,
    char *const *arguments, struct str *recipients);

/* new_envelope_from: who writes the message, for a missing From. */
void
new_envelope_from(const struct new_envelope *envelope, struct mailbox *mailbox);

/* new_envelope_free: releases the memory. */
void new_envelope_free(struct new_envelope *envelope);

#endif
