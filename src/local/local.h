/*
 * local.h - the parts of qmail-local.
 *
 *	qmail-local.c      arguments, the home folder, and every way to end
 *	local_follow.c     doing what the .qmail file says
 *	local_message.c    reading the message, as often as it is delivered
 *	local_rules.c      which .qmail file, who owns the address
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

#define LOCAL_RULES_MAX (1u << 20) /* bytes of a .qmail file */
#define LOCAL_BLOCK	65536	   /* bytes of the message read at once */

/* Every way to end but success; the table is in qmail-local.c. */
enum local_end {
	LOCAL_USAGE,
	LOCAL_MEMORY,
	LOCAL_TOO_LONG_TIME,
	LOCAL_HOME,
	LOCAL_HOME_WRITABLE,
	LOCAL_HOME_STICKY,
	LOCAL_MESSAGE,
	LOCAL_LOOP,
	LOCAL_RULES,
	LOCAL_RULES_WRITABLE,
	LOCAL_RULES_BLANK,
	LOCAL_RULES_NUL,
	LOCAL_RULES_EMPTY_ADDRESS,
	LOCAL_RULES_FORWARD_ONLY,
	LOCAL_NO_MAILBOX,
	LOCAL_MAILDIR_ENTER,
	LOCAL_MAILDIR_WRITE,
	LOCAL_MBOX_OPEN,
	LOCAL_MBOX_LOCKED,
	LOCAL_MBOX_WRITE,
	LOCAL_PROGRAM_START,
	LOCAL_PROGRAM_CRASHED,
	LOCAL_QUEUE_START,
	LOCAL_OUTPUT,
};

struct local {
	/* Arguments. */
	bool is_rehearsal; /* -n: say what would be done */
	const char *user, *home, *local_part, *dash, *extension, *host;
	const char *sender, *default_delivery;
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

/*
 * local_end: undoes what is half done, says what happened, and ends the
 * process with the exit code of the table.
 *   what   a file name or the like, may be NULL
 *   code   an errno; 0: none
 */
NORETURN void local_end(enum local_end why, const char *what, int code);

/* local_end_quietly: ends with this code; somebody else has said why. */
NORETURN void local_end_quietly(int exit_code);

/*
 * local_undo_by_unlink, local_undo_by_truncate: what is to be undone should
 * the process end before local_undo_nothing.
 *   path   must stay as long
 */
void local_undo_by_unlink(const char *path);
void local_undo_by_truncate(int fd, off_t len);
void local_undo_nothing(void);

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
