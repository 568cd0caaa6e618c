/*
 * remote_message.h - the message on descriptor 0: read piece by piece, made
 * ready for the wire, and what has to be known of it before it is sent.
 *
 * Of a large message only the first piece is looked at: to read all of it
 * twice would cost more than what could be told of the rest.
 */
#ifndef REMOTE_REMOTE_MESSAGE_H
#define REMOTE_REMOTE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "net/smtpdata.h"

#define REMOTE_MESSAGE_PIECE 65536

struct remote_message {
	bool is_file; /* a short read is its end */
	uint64_t file_size;

	struct str top; /* fields that are sent before it */

	char *piece; /* REMOTE_MESSAGE_PIECE bytes of the caller's */
	struct smtpdata data;
	struct str wire;  /* what is encoded and not sent yet */
	size_t piece_len; /* bytes in piece */
	bool is_over;	  /* they were the last */
	bool is_eight;	  /* the first piece has 8-bit bytes */
	bool is_utf8;	  /* so has its header, and they are UTF-8 */
	/* Its header says "TLS-Required: No" (RFC 8689 5), in the first piece. */
	bool is_tls_free;
};

/* message_inspect: is descriptor 0 a file, and how large? */
void message_inspect(struct remote_message *message);

/* message_begin: reads the first piece, encodes it, and looks at it.  Returns
 * 0, -1 with errno. */
MUST_CHECK int message_begin(struct remote_message *message);

/* message_read: reads the next piece, or sets is_over.  0, -1 with errno. */
MUST_CHECK int message_read(struct remote_message *message);

/* message_encode: adds what was read to wire; at the end of the message, its
 * last line end if that is missing. */
void message_encode(struct remote_message *message);

/* message_size: its bytes as SIZE counts them, if they are known: exactly when
 * all has been read, else at least so many.  0 if it is no file. */
uint64_t message_size(const struct remote_message *message);

/* message_may_be_eight: whether it has 8-bit bytes, or may have them behind
 * what was looked at. */
bool message_may_be_eight(const struct remote_message *message);

/* message_is_eight: whether it has 8-bit bytes anywhere: reads the rest of it,
 * and comes back.  Returns 1 or 0, -1 with errno. */
MUST_CHECK int message_is_eight(struct remote_message *message);

/* message_rewind: to its start, for another transaction.  0, -1 with errno. */
MUST_CHECK int message_rewind(struct remote_message *message);

#endif
