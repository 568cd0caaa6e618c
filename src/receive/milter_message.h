/*
 * milter_message.h - a message and its envelope, and what a milter makes of them.
 * Input: hostile messages; what a milter says.
 */
#ifndef RECEIVE_MILTER_MESSAGE_H
#define RECEIVE_MILTER_MESSAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/str.h"
#include "mail/crlftext.h"
#include "mail/headeredit.h"
#include "net/milter.h"
#include "queue/handover.h"

#define MILTER_HEADER_MAX (1u << 20) /* bytes; as qmail-authfilter takes it */

struct milter_message {
	int fd; /* where it can be read */
	struct str header;
	off_t body; /* where it begins */
	struct headeredit edit;
	struct handover_envelope envelope;
	bool is_envelope_changed;
	/* A space at the beginning of a value is no part of it: until
	 * MILTER_LEADING_SPACE was negotiated. */
	bool has_bare_values;
	struct handover_file new_body; /* -1: none */
	struct crlftext text;	       /* of it */
	size_t changes, changed;       /* how many changes, and bytes of them */
};

#define MILTER_MESSAGE_INIT                                                  \
	{                                                                    \
		.edit = HEADEREDIT_INIT, .envelope = HANDOVER_ENVELOPE_INIT, \
		.has_bare_values = true, .new_body = { -1, -1 },             \
		.text = CRLFTEXT_INIT                                        \
	}

/*
 * milter_message_read: reads envelope and header.
 *   fd          the message, a file
 *   envelope    as qmail-queue takes it
 *   has_trace   its first field Received was written by this host: milters are not
 *               shown it
 * Returns 0; -1 with errno: EMSGSIZE: the header is larger than MILTER_HEADER_MAX.
 */
MUST_CHECK int milter_message_read(
    struct milter_message *message, int fd, int envelope, bool has_trace);

/* milter_message_begin_body: the next read from fd brings its beginning, lines in LF.
 * Returns 0, -1 with errno. */
MUST_CHECK int milter_message_begin_body(const struct milter_message *message);

/*
 * milter_message_change: does what a milter wants.
 * Returns NULL, or why it cannot be done.
 */
MUST_CHECK const char *milter_message_change(struct milter_message *message,
    enum milter_change change, const struct milter_words *words);

/*
 * milter_message_write: writes the message and the envelope, if they have changed.
 * Returns 0, -1 with errno.
 */
MUST_CHECK int milter_message_write(
    const struct milter_message *message, int fd, int envelope);

bool milter_message_has_recipients(const struct milter_message *message);

#endif
