/*
 * salvage.h - addresses of a field that is no list of addresses, for want of a
 * bracket or a quote: those that can be told.
 * Input: hostile.  Time is linear in the field.
 */
#ifndef MAIL_SALVAGE_H
#define MAIL_SALVAGE_H

#include "base/span.h"
#include "mail/addresslist.h"

/*
 * salvage_addresses: takes the field apart at commas, semicolons and colons;
 * quotes and comments that have an end are passed over; a quote without an end
 * counts as none, a comment hides what follows it, up to the next comma.  In each part it is the text
 * behind the last <, or else the whole part, that may be an address: local part,
 * @ and domain.
 *   call   called for each, from left to right
 */
void salvage_addresses(struct span body, addresslist_call *call, void *context);

#endif
