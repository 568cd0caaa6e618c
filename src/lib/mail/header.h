/*
 * header.h - lines of a message header: what is a field, and which.
 * Input: hostile.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stddef.h>

#include "base/span.h"

/* The fields that some program looks at. */
enum header_field {
	HEADER_OTHER,
	HEADER_APPARENTLY_TO,
	HEADER_BCC,
	HEADER_CC,
	HEADER_CONTENT_LENGTH,
	HEADER_DATE,
	HEADER_DELIVERED_TO,
	HEADER_ERRORS_TO,
	HEADER_FROM,
	HEADER_MAIL_FOLLOWUP_TO,
	HEADER_MAIL_REPLY_TO,
	HEADER_MESSAGE_ID,
	HEADER_NOTICE_REQUESTED, /* Notice-Requested-Upon-Delivery-To */
	HEADER_RECEIVED,
	HEADER_REPLY_TO,
	HEADER_RESENT_BCC,
	HEADER_RESENT_CC,
	HEADER_RESENT_DATE,
	HEADER_RESENT_FROM,
	HEADER_RESENT_MESSAGE_ID,
	HEADER_RESENT_REPLY_TO,
	HEADER_RESENT_SENDER,
	HEADER_RESENT_TO,
	HEADER_RETURN_PATH,
	HEADER_RETURN_RECEIPT_TO,
	HEADER_SENDER,
	HEADER_SUBJECT,
	HEADER_TO,
	HEADER_FIELDS /* their number */
};

/*
 * header_name: the name of a field: printable bytes before the colon, which
 * may have blanks before it (RFC 822 3.1.2).
 *   line    a line of a header, or a whole field
 *   colon   receives the position of the colon; may be NULL
 * Returns the name, without these blanks; empty if the line is no field.
 */
struct span header_name(struct span line, size_t *colon);

/* header_identify: which field has this name, in any letter case. */
enum header_field header_identify(struct span name);

#endif
