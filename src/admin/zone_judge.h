/* zone_judge.h - what a text in the DNS is, and whether it is good. */
#ifndef ADMIN_ZONE_JUDGE_H
#define ADMIN_ZONE_JUDGE_H

#include "base/span.h"
#include "net/dns.h"

enum zone_meaning {
	ZONE_FOREIGN, /* of something else, and does not count */
	ZONE_GOOD,
	ZONE_BAD,
	ZONE_OPEN,   /* whoever sends, it says that he may */
	ZONE_TESTING /* a key: what is signed counts as if it was not (t=y) */
};

/*
 * A judge of one kind of records.
 *   dns       opened; it may be asked once
 *   text      the record; hostile
 *   context   of zone_judge_key, our struct zone_key; else not used
 */
typedef enum zone_meaning
zone_judge_function(struct dns *dns, struct span text, const void *context);

/* zone_judge_spf: also whether that of the domain is open to which it leaves the rest
 * (redirect=), one step. */
zone_judge_function zone_judge_spf;
zone_judge_function zone_judge_dmarc;
zone_judge_function zone_judge_sts;
zone_judge_function zone_judge_reports; /* RFC 8460 3 */
/* zone_judge_key: nothing is foreign there. */
zone_judge_function zone_judge_key;

#endif
