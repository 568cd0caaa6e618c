/*
 * reportline.h - lines for the log: what is known of a message, for qmail-dmarcreport;
 * and that nothing is known of what a domain wants.
 *
 * The first is whole, whatever a stranger chooses: names have a length, and none has bytes that
 * need more than their own place.  Its last word is "result": a line without is cut.
 */
#ifndef AUTH_REPORTLINE_H
#define AUTH_REPORTLINE_H

#include "base/span.h"
#include "base/str.h"
#include "dkim_verify.h"
#include "message_check.h"
#include "net/dmarc.h"
#include "spf.h"

#define REPORTLINE_SIGNATURES 4 /* of a message that are told of */

/*
 * reportline_add: appends the line, without its end; nothing if there is nothing to
 * report: settings do not want it, the author's domain has no record, or the message did
 * not come from an address.
 *   author   the domain of its From
 * Names are in ASCII, as the DNS has them (RFC 5890 2.3.2.1); bytes that none has
 * become "?".
 */
void reportline_add(struct str *line, const struct message_check *check,
    struct span author, const struct spf_verdict *spf,
    const struct dkim_verify *dkim, const struct dmarc_verdict *dmarc);

/*
 * reportline_add_untold: appends the line of a message that is let in as it is, although
 * policies are enforced, because the DNS does not tell the author's; without its end.
 */
void reportline_add_untold(
    struct str *line, const struct message_check *check, struct span author);

#endif
