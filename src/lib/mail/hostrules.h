/*
 * hostrules.h - how the hosts of addresses are completed and changed, by a list
 * of rules.  Each is followed at most once, in order, and sees what those
 * before it made.  Letter case does not count.
 *
 *	=OLD:NEW      the host OLD becomes NEW
 *	*SUFFIX:NEW   a host that ends in SUFFIX gets NEW in its place
 *	?SUFFIX:NEW   the same, if there is no dot or bracket before it
 *	-SUFFIX:NEW   a host that ends in SUFFIX becomes NEW
 *
 * Lines of another form do not count.  Source: ofmipd(8), new-inject(1).
 * Input: rules trusted, hosts hostile
 */
#ifndef MAIL_HOSTRULES_H
#define MAIL_HOSTRULES_H

#include "base/span.h"
#include "base/str.h"

/*
 * hostrules_add_defaults: appends the rules that stand in for a list: a dot at
 * the end goes, an empty host becomes default_host, a plus at the end
 * plus_domain, and one without a dot gets default_domain.
 */
void hostrules_add_defaults(struct str *rules, struct span default_host,
    struct span plus_domain, struct span default_domain);

/* hostrules_add_completion: the last three of these: a dot stays. */
void hostrules_add_completion(struct str *rules, struct span default_host,
    struct span plus_domain, struct span default_domain);

/* hostrules_apply: changes a host; an address without one has the empty. */
void hostrules_apply(struct span rules, struct str *host);

/* hostrules_apply_to_address: changes the host of an address of an envelope; the
 * empty address stays. */
void hostrules_apply_to_address(struct span rules, struct str *address);

#endif
