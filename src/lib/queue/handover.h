/*
 * handover.h - for programs in the place of qmail-queue: a message and its envelope
 * that are taken in, looked at, and passed on.
 */
#ifndef QUEUE_HANDOVER_H
#define QUEUE_HANDOVER_H

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "queue/inject.h"

/* handover_folder: where such files are made: "spool" in the working folder, if that
 * is for this user; else $TMPDIR, or /tmp. */
const char *handover_folder(void);

/* A file without a name. */
struct handover_file {
	int fd;	    /* where it is written; at first empty */
	int reader; /* where it is only read, from its beginning */
};

/*
 * handover_make: makes one.  Where no file can be without a name
 * (sys/file.h), a kill may leave an empty one behind: qmail. and a number.
 *   folder   where; it may be /tmp
 * Returns 0, -1 with errno.
 */
MUST_CHECK int handover_make(const char *folder, struct handover_file *file);

/*
 * handover_begin: from here on, when qmail-queue is handed the message, no signal ends
 * us before it has said whether it has it: who is told that it has not would send it
 * once more.
 */
void handover_begin(void);

/* handover_close: closes both. */
void handover_close(struct handover_file *file);

/*
 * handover_copy: copies all that can be read from a descriptor.
 * Returns 0; -1 with errno: it cannot be read; 1 with errno: nor be written.
 */
MUST_CHECK int handover_copy(int from, int to);

struct handover_envelope {
	struct str sender, parameters;
	struct str records; /* R and T, with letters, each ended by NUL */
};

#define HANDOVER_ENVELOPE_INIT               \
	{                                    \
		STR_INIT, STR_INIT, STR_INIT \
	}

/*
 * handover_read: reads an envelope as qmail-queue takes it; what comes behind its
 * end is not looked at.
 *   envelope   receives it, replaced
 * Returns 0; -1 with errno as envelope_next_in_order: EPROTO if it breaks off,
 * EBADMSG if it is none.
 */
MUST_CHECK int handover_read(int fd, struct handover_envelope *envelope);

/* handover_add: the envelope of a message that is passed on; all of inject_sender
 * and inject_recipient. */
void
handover_add(struct inject *inject, const struct handover_envelope *envelope);

/* handover_end: inject_close; who started us is told, on descriptor 6, who has queued the
 * message. */
struct verdict handover_end(struct inject *inject);

/* handover_format: appends the records, with their end. */
void
handover_format(struct str *text, const struct handover_envelope *envelope);

void handover_envelope_free(struct handover_envelope *envelope);

#endif
