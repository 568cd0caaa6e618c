/*
 * dmarcrecord.h - DMARC records (RFC 9989 4.7): what a domain wants done with mail
 * in its name.  Pure.
 * Input: hostile.
 */
#ifndef MAIL_DMARCRECORD_H
#define MAIL_DMARCRECORD_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

enum dmarc_policy {
	DMARC_NONE,
	DMARC_QUARANTINE,
	DMARC_REJECT
};

/* dmarc_policy_word: "none", "quarantine" or "reject". */
struct span dmarc_policy_word(enum dmarc_policy policy);

/* Whether a domain is one below which others register (psd=). */
enum dmarc_suffix {
	DMARC_SUFFIX_UNSAID,
	DMARC_SUFFIX_YES, /* a public suffix, and no organization */
	DMARC_SUFFIX_NO	  /* an organization, whatever is above it */
};

struct dmarc_record {
	enum dmarc_policy own;	       /* p: for the domain itself */
	enum dmarc_policy below;       /* sp: for those below it */
	enum dmarc_policy nonexistent; /* np: for those that do not exist */
	enum dmarc_suffix suffix;
	bool is_dkim_strict, is_spf_strict; /* the same name, not only the same
					       organization */
	bool is_test;			    /* t=y: one step milder */
	bool is_usable; /* it has a policy, or is to be taken as p=none, because
			   it says where reports go (RFC 9989 4.7) */
};

/*
 * dmarcrecord_parse: reads the text of a TXT record.  Of a tag that is there twice the first
 * counts; tags and values that are not known do not.
 *   record   receives it
 * Returns false if it is no record of DMARC: others beside one do not count
 * (RFC 9989 4.10).
 */
MUST_CHECK bool
dmarcrecord_parse(struct span text, struct dmarc_record *record);

/*
 * dmarcrecord_next_tag: takes the next "name=value" off a record of this form, which that of
 * TLSRPT has as well (RFC 8460 3).
 *   rest    moves on
 *   name    receives it, without blanks; empty if there is no "="
 *   value   likewise
 * Returns false if there is none left.
 */
bool
dmarcrecord_next_tag(struct span *rest, struct span *name, struct span *value);

/* dmarc_milder: one step: "reject" becomes "quarantine", all else "none". */
enum dmarc_policy dmarc_milder(enum dmarc_policy policy);

#endif
