/*
 * local.h - the parts of qmail-local.
 *
 *	qmail-local.c      arguments and the home folder
 *	local_end.c        every way to end (local_end.h)
 *	local_follow.c     doing what the .qmail file says
 *	local_message.c    reading the message, as often as it is delivered
 *	local_rules.c      which .qmail file, who owns the address
 *	local_resident.c   the next one, for a process that stays
 *	local_maildir.c    local_mbox.c  local_program.c  local_forward.c
 */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/words.h"

#define LOCAL_RULES_MAX (1u << 20) /* bytes of a .qmail file */
#define LOCAL_BLOCK	65536	   /* bytes of the message read at once */

struct local {
	/* Arguments. */
	bool is_rehearsal; /* -n: say what would be done */
	bool stays; /* for the next delivery, unless a program was run, or a
		       message sent, for this one */
	const char *user, *home, *local_part, *dash, *extension, *host;
	const char *sender, *default_delivery;
	bool is_default; /* that is delivered by, no .qmail file says another */
	/* Made from them. */
	int64_t now;
	struct str recipient;	 /* LOCAL@HOST */
	struct str top;		 /* Return-Path and Delivered-To lines */
	struct str delivered_to; /* the latter alone */
	/* Found out when needed. */
	struct str new_sender; /* sender of forwards; see local_new_sender */
	bool has_new_sender, has_environment;
	size_t default_at; /* what of the extension .qmail-default stands for */
	bool has_default;
	/* The message: the block at position 0, all of it if it is short. */
	char *block; /* of LOCAL_BLOCK bytes */
	size_t block_len;
	bool is_whole; /* the block holds all */
};

/* local_message_begin: reads the start of the message from descriptor 0,
 * which must be a file. */
void local_message_begin(struct local *local);

/*
 * local_message_next: the next bytes of the message.
 *   position   0 at first; moves on
 *   buffer     of LOCAL_BLOCK bytes, used for long messages
 *   bytes      receives them
 * Returns false at the end.
 */
bool local_message_next(const struct local *local, uint64_t *position,
    char *buffer, struct span *bytes);

/* local_message_loops: whether our own Delivered-To line is in the header. */
bool local_message_loops(const struct local *local);

/*
 * local_rules_read: the text of the .qmail file for this address.
 *   is_forward_only   receives whether its x bit is set
 * Returns false if there is none.
 */
bool
local_rules_read(struct local *local, struct str *rules, bool *is_forward_only);

/* local_new_sender: who gets the bounces of forwards and of programs that
 * send: the owner of the address, if it has one, else the sender. */
struct span local_new_sender(struct local *local);

/* local_follow: makes all deliveries, and writes the summary. */
void local_follow(struct local *local);

/*
 * local_resident_begin: its descriptors (queue/residents.h) are not for programs.  Returns
 * whether it has them.
 * local_resident_next: says that the delivery is done, and waits for the next.
 *   words   receives its arguments, replaced
 * Returns them; NULL if nobody heard it.  Ends the process with 111 when there is no
 * other, or it cannot be had.
 */
bool local_resident_begin(void);
MUST_CHECK char **local_resident_next(struct words *words);

/* Deliveries.  They return when it is done, and end the process if not. */
void local_maildir(const struct local *local, const char *folder);
void local_mbox(const struct local *local, const char *file);

/* local_program: returns false if the rest of the rules is to be left out. */
bool local_program(struct local *local, const char *command);

/*
 * local_forward: one message to all of them.
 *   addresses   each ends in NUL
 * Returns the number that names it in the log.
 */
uint64_t local_forward(struct local *local, struct span addresses);

#endif
