/*
 * spf.h - whether a host may send mail for a domain (RFC 7208).
 *
 * What one check may cost: SPF_TERMS_MAX terms that ask the DNS, with each at most
 * SPF_NAMES_MAX names, and the time that its struct dns has.  Records that include
 * each other are held at the same time: SPF_TERMS_MAX + 1 of them at most.
 * Input: hostile.
 */
#ifndef AUTH_SPF_H
#define AUTH_SPF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"
#include "net/dns.h"
#include "net/spfrecord.h"

#define SPF_TERMS_MAX	    10	 /* that ask the DNS, RFC 7208 4.6.4 */
#define SPF_NAMES_MAX	    10	 /* of one mx or of the client, the same */
#define SPF_VOIDS_MAX	    2	 /* answers without records, the same */
#define SPF_EXPLANATION_MAX 450u /* bytes: it goes into a reply line */

struct spf_query {
	struct ip_address client; /* an IPv4-mapped one counts as IPv4 */
	struct span helo;	  /* what the client calls itself */
	struct span sender;	  /* the reverse-path; empty: who is asked about
				     is postmaster@helo (RFC 7208 2.4) */
	struct span receiver;	  /* our name, for explanations; may be empty */
	int64_t now;		  /* seconds since 1970, for explanations */
};

struct spf_verdict {
	enum spf_result result;
	bool is_helo;	   /* it is about the HELO name */
	struct str domain; /* that the result is about, in ASCII; empty: none */
	struct str
	    explanation;     /* of a fail: the words of that domain, printable
				   ASCII, SPF_EXPLANATION_MAX bytes at most */
	const char *problem; /* why an error, in our words; else NULL */
};

#define SPF_VERDICT_INIT                                  \
	{                                                 \
		SPF_NONE, false, STR_INIT, STR_INIT, NULL \
	}

/*
 * spf_check: check_host() of RFC 7208 4.
 *   dns       opened; its deadline is that of the check: what cannot be answered
 *             by then is SPF_TEMPERROR
 *   verdict   receives the result, replaced; as after SPF_VERDICT_INIT before
 */
void spf_check(struct dns *dns, const struct spf_query *query,
    struct spf_verdict *verdict);

/* spf_verdict_free: releases the memory. */
void spf_verdict_free(struct spf_verdict *verdict);

#endif
