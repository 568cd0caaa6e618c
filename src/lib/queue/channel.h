/*
 * channel.h - local/S/N and remote/S/N: the recipients of a message that
 * waits, in one of its two channels.
 *
 *	{[R parameters NUL] T or D, address, NUL}     T: to do, D: done
 *
 * R is what the sender asks of notifications on the recipient that follows; an
 * extension of ours, see envelope.h.  The letter is changed in place when a
 * recipient is done.  The modification time is the next try, as far as a clean
 * end wrote it.  Nothing is fsynced: what a crash left is compared with the
 * accepted envelope (state.h).
 * Input: our own, perhaps damaged by a crash.  Source: qmail-send(8).
 */
#ifndef QUEUE_CHANNEL_H
#define QUEUE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "queue/path.h"
#include "sys/in.h"
#include "sys/out.h"

enum channel_id {
	CHANNEL_LOCAL,
	CHANNEL_REMOTE,
	CHANNELS /* their number */
};

/*
 * Longest address in bytes.  One of an envelope (ENVELOPE_ADDRESS_MAX) has
 * room in it behind the longest prefix and before the longest domain that
 * control files may add (config/routing.h).
 */
#define CHANNEL_ADDRESS_MAX 4096

#define CHANNEL_FILE_MODE 0600
#define CHANNEL_BUFFER	  4096 /* bytes read at once */

/* channel_folder: QUEUE_LOCAL or QUEUE_REMOTE. */
enum queue_folder channel_folder(enum channel_id channel);

/* channel_path: the name of the file. */
struct queue_path
channel_path(enum channel_id channel, uint64_t number, uint64_t split);

/* A file that is being read, from its start or from where it was left. */
struct channel_reader {
	int fd;
	uint64_t position; /* of what is read next, in bytes */
	struct in in;
	char buffer[CHANNEL_BUFFER];
};

/*
 * channel_open: opens the file for reading and for channel_mark_done.
 * Returns the descriptor; -1 with errno, ENOENT if there is none.
 */
MUST_CHECK int
channel_open(enum channel_id channel, uint64_t number, uint64_t split);

/* channel_read: begins to read a file that was opened just now; fd stays the
 * caller's. */
void channel_read(struct channel_reader *reader, int fd);

/*
 * channel_read_from: begins to read; fd stays the caller's.
 *   position   0, or where channel_next found the start of a recipient
 * Returns 0, -1 with errno.
 */
MUST_CHECK int
channel_read_from(struct channel_reader *reader, int fd, uint64_t position);

struct channel_recipient {
	uint64_t start;	   /* where it begins in the file, in bytes */
	uint64_t position; /* where its letter is */
	bool is_done;	   /* the letter is D */
	struct str address, parameters;
};

#define CHANNEL_RECIPIENT_INIT                              \
	{                                                   \
		.address = STR_INIT, .parameters = STR_INIT \
	}

void channel_recipient_free(struct channel_recipient *recipient);

/*
 * channel_next: reads one recipient.
 *   recipient   receives it, replaced; to be released with
 *               channel_recipient_free
 * Returns 1; 0 at the end; -1 with errno: EBADMSG if the file is damaged,
 * anything else if that cannot be told.
 */
MUST_CHECK int channel_next(
    struct channel_reader *reader, struct channel_recipient *recipient);

/*
 * channel_add: adds a recipient, to do or done, to a file that is being made.
 * Returns 0; -1 with errno, EMSGSIZE for an address over CHANNEL_ADDRESS_MAX.
 */
int channel_add(
    struct out *out, struct span address, struct span parameters, bool is_done);

/*
 * channel_mark_done: writes D over the letter of a recipient.
 *   fd         from channel_open
 *   position   as channel_next gave it
 * Returns 0; -1 with errno.
 */
MUST_CHECK int channel_mark_done(int fd, uint64_t position);

/*
 * channel_count: counts the recipients of a file.
 *   total, open   receive their number, and that of those to do
 * Returns 1; 0 if there is no file; -1 with errno as channel_next.
 */
MUST_CHECK int channel_count(enum channel_id channel, uint64_t number,
    uint64_t split, uint64_t *total, uint64_t *open);

#endif
