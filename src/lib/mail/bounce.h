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
 * bounce_add_head: appends header and first paragraph.
 *   from, to   mailboxes; local parts are quoted where needed
 *   kind       single or double
 */
void bounce_add_head(struct str *text, int64_t now, struct span from,
    struct span to, enum bounce_kind kind);

/* bounce_add_fields: appends the fields that each of our notices begins with:
 * Date, From, To, Subject. */
void bounce_add_fields(struct str *text, int64_t now, struct span from,
    struct span to, const char *subject);

/* bounce_add_notice: a whole message to the postmaster, of a message that can
 * neither be delivered nor returned. */
void bounce_add_notice(struct str *text, int64_t now, struct span from,
    struct span to, struct span words);

/* bounce_add_break: appends the paragraph before the original, and the
 * Return-Path of the original. */
void bounce_add_break(
    struct str *text, struct span original_sender, enum bounce_copy copy);

#endif
