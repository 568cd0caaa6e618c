/*
 * serial_message.h - a message as qmail-local left it in a Maildir, with its
 * envelope in the first two lines:
 *
 *	Return-Path: <sender>
 *	Delivered-To: PREFIXrecipient
 *
 * Source: maildirserial(1).
 */
#ifndef SERIAL_SERIAL_MESSAGE_H
#define SERIAL_SERIAL_MESSAGE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "sys/in.h"

#define SERIAL_LINE_MAX 4096 /* bytes of each of these lines */

struct serial_message {
	struct str sender;    /* without quotes */
	struct str recipient; /* without the prefix */
	struct str kept;      /* what was read, and belongs to the text */
	uint64_t head;	      /* bytes of the file that do not */
};

/*
 * serial_message_read: reads the envelope.
 *   in       the start of the file; afterwards behind what was read
 *   prefix   what Delivered-To must begin with
 * Returns 1; 0: it is not one for this prefix; -1 with errno.
 * With an empty prefix a message without Delivered-To is taken too, with an
 * empty recipient; then kept holds the line that stood in its place, as far as it
 * was read.
 */
MUST_CHECK int serial_message_read(
    struct serial_message *message, struct in *in, struct span prefix);

void serial_message_free(struct serial_message *message);

#endif
