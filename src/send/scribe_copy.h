/*
 * scribe_copy.h - copies files of the queue into the messages of the scribe.
 * Each function returns whether that went well.
 */
#ifndef SEND_SCRIBE_COPY_H
#define SEND_SCRIBE_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "queue/inject.h"

#include "scribe_mail.h"

/* scribe_copy_paragraphs: of a bounce: that of the order, or bounce/N. */
MUST_CHECK bool scribe_copy_paragraphs(struct inject *inject,
    const struct scribe_mail *mail, const struct scribe_order *order);

/* scribe_copy_header: the header of the message, whole fields up to `max`
 * bytes. */
MUST_CHECK bool
scribe_copy_header(struct inject *inject, const struct scribe_mail *mail,
    const struct scribe_order *order, size_t max);

/*
 * scribe_copy_returned: what a bounce returns of the message: all of it, as
 * far as control/bouncemaxbytes allows, or its header if the sender wants that
 * alone; ends in a newline.
 */
MUST_CHECK bool scribe_copy_returned(struct inject *inject,
    const struct scribe_mail *mail, const struct scribe_order *order);

/* scribe_wants_header: whether the sender wants the header alone. */
bool scribe_wants_header(const struct scribe_order *order);

#endif
