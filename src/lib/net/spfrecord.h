/*
 * spfrecord.h - SPF records (RFC 7208 4.5 to 6): what a domain says of the hosts
 * that send for it.  Pure.
 * Input: hostile.
 */
#ifndef NET_SPFRECORD_H
#define NET_SPFRECORD_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "net/ip.h"

/* RFC 7208 2.6. */
enum spf_result {
	SPF_NONE,    /* nothing is said */
	SPF_NEUTRAL, /* the domain does not say */
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL, /* a weak fail */
	SPF_TEMPERROR,
	SPF_PERMERROR
};

/* spf_result_word: "none", "neutral", "pass" ... */
struct span spf_result_word(enum spf_result result);

enum spf_mechanism {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS
};

struct spf_directive {
	enum spf_mechanism mechanism;
	enum spf_result result;	   /* if it matches */
	struct span domain;	   /* with macros (net/spfmacro.h); empty: the
				      domain that has the record */
	struct ip_address network; /* of ip4 and ip6 */
	unsigned bits4, bits6;	   /* of an address, that have to be the same */
};

struct spf_record {
	struct span terms;	 /* for spfrecord_next */
	struct span redirect;	 /* a domain with macros; empty: none */
	struct span explanation; /* the same */
};

/* spfrecord_is: whether the text of a TXT record is one of SPF: others beside it
 * do not count (RFC 7208 4.5). */
bool spfrecord_is(struct span text);

/*
 * spfrecord_parse: reads a record, and checks the syntax of all that is in it.
 *   record   receives views of the text
 * Returns false if any of it is wrong, wherever it stands (RFC 7208 4.6).
 */
MUST_CHECK bool spfrecord_parse(struct span text, struct spf_record *record);

/*
 * spfrecord_next: takes the next directive off.
 *   terms       those of a record that was parsed; moves on
 *   directive   receives it
 * Returns false if there is none left.
 */
bool spfrecord_next(struct span *terms, struct spf_directive *directive);

#endif
