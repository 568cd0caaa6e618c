/*
 * bounce.h - the text of a bounce, in the QSBMF format: programs that read
 * bounces find the recipients that failed and the reasons.
 *
 * Header; a paragraph that starts "Hi. This is the"; one paragraph for each
 * recipient that failed; a paragraph that starts with "-"; the original with
 * its Return-Path.  Source: qmail-send(8), BOUNCES.
 */
#ifndef MAIL_BOUNCE_H
#define MAIL_BOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

/* Where a bounce goes, as its original sender tells. */
enum bounce_kind {
	BOUNCE_SINGLE, /* to the sender, from <> */
	BOUNCE_DOUBLE, /* the original was a bounce: to the postmaster */
	BOUNCE_TRIPLE  /* the original was a double bounce: to nobody */
};

/* What of the original follows. */
enum bounce_copy {
	BOUNCE_WHOLE,
	BOUNCE_HEADER /* which the sender asked for, see dsn.h */
};

/* The reverse-path of double bounces. */
#define BOUNCE_DOUBLE_SENDER "#@[]"

enum bounce_kind bounce_kind_of(struct span original_sender);

/*
 * bounce_recipient: whom a single bounce goes to: the original sender without
 * the -@[] of a VERP sender.
 */
struct span bounce_recipient(struct span original_sender);

/*
 * bounce_add_paragraph: appends the paragraph of one recipient: its address
 * in angle brackets and a colon, then the report; ends in an empty line and
 * has no other.
 */
void bounce_add_paragraph(
    struct str *text, struct span recipient, struct span report);

/*
 * bounce_parse_paragraph: reads one, without the empty line at its end.
 *   recipient, words   receive views of it
 * Returns false if it does not begin as a paragraph of a recipient does.
 */
MUST_CHECK bool bounce_parse_paragraph(
    struct span paragraph, struct span *recipient, struct span *words);

/* What the header of a notice says. */
struct bounce_head {
	int64_t now;
	struct span from, to; /* mailboxes; local parts are quoted if need be */
	/* Unique, before the @ of the Message-ID.  Empty: neither that nor
	 * Auto-Submitted, as bounces of serialmail always were. */
	struct span id;
};

/* bounce_add_head: appends the header of a bounce and its first paragraph. */
void bounce_add_head(
    struct str *text, const struct bounce_head *head, enum bounce_kind kind);

/* bounce_add_intro: its first paragraph alone. */
void
bounce_add_intro(struct str *text, struct span from, enum bounce_kind kind);

/* bounce_add_fields: appends the fields that each of our notices begins with:
 * Date, From, To, Subject, Message-ID, Auto-Submitted (RFC 3834). */
void bounce_add_fields(
    struct str *text, const struct bounce_head *head, const char *subject);

/* bounce_add_notice: a whole message to the postmaster, of a message that can
 * neither be delivered nor returned. */
void bounce_add_notice(
    struct str *text, const struct bounce_head *head, struct span words);

/* bounce_add_break: appends the paragraph before the original, by whose first
 * line programs know where that begins;
 * bounce_add_return_path: the field that the original begins with. */
void bounce_add_break(struct str *text, enum bounce_copy copy);
void bounce_add_return_path(struct str *text, struct span original_sender);

#endif
