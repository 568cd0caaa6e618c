/*
 * header.c - lines of a message header.
 * Input: hostile
 */
#include "mail/header.h"

#include "base/ascii.h"

static const struct span names[HEADER_FIELDS] = {
	[HEADER_APPARENTLY_TO] = { "Apparently-To", 13 },
	[HEADER_BCC] = { "Bcc", 3 },
	[HEADER_CC] = { "Cc", 2 },
	[HEADER_CONTENT_LENGTH] = { "Content-Length", 14 },
	[HEADER_DATE] = { "Date", 4 },
	[HEADER_DELIVERED_TO] = { "Delivered-To", 12 },
	[HEADER_ERRORS_TO] = { "Errors-To", 9 },
	[HEADER_FROM] = { "From", 4 },
	[HEADER_MAIL_FOLLOWUP_TO] = { "Mail-Followup-To", 16 },
	[HEADER_MAIL_REPLY_TO] = { "Mail-Reply-To", 13 },
	[HEADER_MESSAGE_ID] = { "Message-ID", 10 },
	[HEADER_NOTICE_REQUESTED] = { "Notice-Requested-Upon-Delivery-To", 33 },
	[HEADER_RECEIVED] = { "Received", 8 },
	[HEADER_REPLY_TO] = { "Reply-To", 8 },
	[HEADER_RESENT_BCC] = { "Resent-Bcc", 10 },
	[HEADER_RESENT_CC] = { "Resent-Cc", 9 },
	[HEADER_RESENT_DATE] = { "Resent-Date", 11 },
	[HEADER_RESENT_FROM] = { "Resent-From", 11 },
	[HEADER_RESENT_MESSAGE_ID] = { "Resent-Message-ID", 17 },
	[HEADER_RESENT_REPLY_TO] = { "Resent-Reply-To", 15 },
	[HEADER_RESENT_SENDER] = { "Resent-Sender", 13 },
	[HEADER_RESENT_TO] = { "Resent-To", 9 },
	[HEADER_RETURN_PATH] = { "Return-Path", 11 },
	[HEADER_RETURN_RECEIPT_TO] = { "Return-Receipt-To", 17 },
	[HEADER_SENDER] = { "Sender", 6 },
	[HEADER_SUBJECT] = { "Subject", 7 },
	[HEADER_TO] = { "To", 2 },
};

struct span
header_name(struct span line, size_t *colon)
{
	size_t len = 0, end;

	while (len < line.len && line.s[len] != ':' && line.s[len] != ' ' &&
	    ascii_is_printable(line.s[len]))
		len++;
	end = len;
	while (end < line.len && ascii_is_blank(line.s[end]))
		end++;
	if (end == line.len || line.s[end] != ':')
		return span_make(NULL, 0);
	if (colon)
		*colon = end;
	return span_upto(line, len);
}

enum header_field
header_identify(struct span name)
{
	for (size_t i = HEADER_OTHER + 1; i < HEADER_FIELDS; i++)
		if (names[i].len == name.len &&
		    span_equal_nocase(names[i], name))
			return (enum header_field)i;
	return HEADER_OTHER;
}
