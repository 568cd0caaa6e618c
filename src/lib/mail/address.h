/* address.h - the paths of SMTP commands (RFC 5321 4.1.2).  Input: hostile. */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define ADDRESS_MAX 899 /* bytes of an envelope address; RFC 5321 asks 320 */

enum address_result {
	ADDRESS_TAKEN,
	ADDRESS_MISSING,  /* there is no path in this argument */
	ADDRESS_BROKEN,	  /* it has no end, or bytes no address may have */
	ADDRESS_TOO_LONG, /* more than ADDRESS_MAX bytes in the envelope */
};

/*
 * address_parse_path: the path in the argument of MAIL or RCPT, as it goes
 * into the envelope: without brackets, source route, quotes and backslashes.
 *
 * The path is what stands in < >; text before it does not count.  Without a
 * bracket it is what follows the keyword, up to a blank, and not empty.
 *   argument     what follows the verb: "FROM:<a@b> SIZE=100"
 *   keyword      "FROM:" or "TO:"
 *   address      receives it, replaced; may be empty; of no use on failure
 *   parameters   receives what stands behind the path
 * ADDRESS_BROKEN: no end, a quote that is not closed, a control byte, in
 * brackets a blank outside quotes; one of ()<>:;, outside quotes in a local
 * part; nothing before the @, or quotes behind it.
 *
 * Taken although RFC 5321 has it not, because some people have such addresses
 * or because qmail took it: no domain, dots anywhere and any length of a local
 * part, quotes around a part of it, an @ or brackets in it.
 */
MUST_CHECK enum address_result address_parse_path(struct span argument,
    struct span keyword, struct str *address, struct span *parameters);

/* address_domain: what follows the last @; without an @ the empty span. */
struct span address_domain(struct span address);

/*
 * address_is_domain: whether it can be a domain: labels of letters, digits,
 * hyphens inside, and underscores, for hosts have them, with dots between; or
 * something in [ ], not looked at.  A dot may stand at either end.  Bytes
 * above 127 may be UTF-8 (RFC 6531).
 * Limits: RFC 1035 2.3.4, RFC 5321 4.5.3.1.2.
 */
bool address_is_domain(struct span domain);

/*
 * address_is_sendable: whether a command can hold the address.  Local parts are
 * quoted, but what stands outside of quotes must not end the path or the line.
 */
bool address_is_sendable(struct span address);

#endif
