/*
 * dmarc.h - what a domain wants done with mail in its name (RFC 9989).
 *
 * A domain is looked for by its labels, DMARC_WALK_MAX names at most; what was
 * found is kept for one message, so that no name is asked about twice.
 * Input: hostile.
 */
#ifndef NET_DMARC_H
#define NET_DMARC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/vec.h"
#include "mail/dmarcrecord.h"
#include "net/dns.h"

/* Names for one domain, RFC 9989 4.10: with so many labels some are skipped. */
#define DMARC_WALK_MAX	      8
#define DMARC_IDENTIFIERS_MAX 32 /* of one message; more do not count */

enum dmarc_outcome {
	DMARC_FOUND,   /* one record */
	DMARC_NOTHING, /* none, or several, which count as none */
	DMARC_UNKNOWN  /* no answer from the DNS */
};

/* What was found at one domain. */
struct dmarc_step {
	struct dnsname domain;
	enum dmarc_outcome outcome;
	struct dmarc_record record; /* of DMARC_FOUND */
};

enum dmarc_result {
	DMARC_RESULT_NONE, /* the domain says nothing */
	DMARC_RESULT_PASS,
	DMARC_RESULT_FAIL,
	DMARC_RESULT_TEMPERROR,
	DMARC_RESULT_PERMERROR /* what is asked about is no domain */
};

/* What is known of one message. */
struct dmarc {
	struct dns *dns;
	bool
	    tells_all; /* all that is aligned is looked for, as reports want it; else
			   the first is enough */
	VEC(struct dmarc_step) steps; /* of all domains */
	/* For dmarc.c: what the author's domain says. */
	struct dnsname author, organization;
	bool has_organization, is_policy_known;
	struct dmarc_step found;
	enum dmarc_policy policy;
	enum dmarc_policy worst;  /* that may be wanted, as far as is known */
	enum dmarc_result result; /* if nothing is proven */
};

/* dmarc_init: begins a message.
 *   dns   opened; its deadline is that of the check */
void dmarc_init(struct dmarc *dmarc, struct dns *dns);

/* dmarc_free: releases the memory. */
void dmarc_free(struct dmarc *dmarc);

/*
 * dmarc_begin: asks for all that the author's domain alone decides: its policy and its
 * organization.  Called before a name of anybody else is asked about, who could use up
 * the time.
 *   author   the domain of the From field
 */
void dmarc_begin(struct dmarc *dmarc, struct span author);

/* dmarc_is_near: whether a domain is within the organization of the author, so that
 * what it proves may count; false where nothing would.  Asks for nothing. */
bool dmarc_is_near(const struct dmarc *dmarc, struct span domain);

/* How a check of SPF or of a DKIM signature went, as far as DMARC cares. */
enum dmarc_proof {
	DMARC_PROVEN,	/* pass */
	DMARC_UNPROVEN, /* any other result */
	DMARC_UNCERTAIN /* temperror: it might have been proven */
};

struct dmarc_identifier {
	bool is_spf; /* else of DKIM */
	enum dmarc_proof proof;
	struct span domain; /* of SPF's identity, or d= of the signature */
};

/* dmarc_result_word: "none", "pass", "fail", "temperror" or "permerror". */
struct span dmarc_result_word(enum dmarc_result result);

struct dmarc_verdict {
	enum dmarc_result result;
	enum dmarc_policy policy; /* that applies, of pass and fail */
	/* Wanted for this message; of temperror, what might be wanted if all that
	 * could not be told were known. */
	enum dmarc_policy disposition;
	struct dnsname domain;	    /* that has the record, of the same */
	struct dmarc_record record; /* likewise */
	bool is_spf_aligned, is_dkim_aligned; /* and proven; see tells_all */
	bool
	    is_untold; /* of temperror: what the domain wants; nothing is proof */
};

/*
 * dmarc_check: evaluates the message, after dmarc_begin.
 *   identifiers   count of them
 * Only what the result needs is asked for.
 */
void
dmarc_check(struct dmarc *dmarc, const struct dmarc_identifier *identifiers,
    size_t count, struct dmarc_verdict *verdict);

/*
 * dmarc_organization: the organizational domain of a domain, by its tree walk.
 * Returns false if the DNS does not answer.
 */
MUST_CHECK bool dmarc_organization(struct dmarc *dmarc,
    const struct dnsname *domain, struct dnsname *organization);

#endif
