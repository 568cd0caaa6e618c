/*
 * sts.h - MTA-STS (RFC 8461): what a domain publishes of the TLS that those who
 * send to it shall insist on, and whether an MX host is one that it means.  Pure.
 * Input: hostile.
 */
#ifndef MAIL_STS_H
#define MAIL_STS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"

#define STS_ID_MAX     32	 /* bytes, RFC 8461 3.1 */
#define STS_POLICY_MAX 65536	 /* bytes of a policy file, RFC 8461 3.3 */
#define STS_AGE_MAX    31557600u /* seconds, RFC 8461 3.2 */
#define STS_HOST_MAX   255	 /* bytes of a pattern */

/*
 * sts_is_record: whether the text of a TXT record of _mta-sts.DOMAIN is meant
 * for us: others beside it do not count, and more than one means that there is
 * no policy (RFC 8461 3.1).
 */
bool sts_is_record(struct span text);

/*
 * sts_record_parse: reads such a record.
 *   id   receives a view of the id of the policy, 1 to STS_ID_MAX letters and
 *        digits
 * Returns false if it breaks the grammar, or has no id: there is no policy.
 */
MUST_CHECK bool sts_record_parse(struct span text, struct span *id);

/* sts_is_host: whether it is the name of a host: labels of letters, digits, hyphens
 * and underscores, STS_HOST_MAX bytes at most, with no dot at its end. */
bool sts_is_host(struct span text);

enum sts_mode {
	STS_NONE,    /* as if there was no policy */
	STS_TESTING, /* deliver whatever happens, and report it */
	STS_ENFORCE
};

struct sts_policy {
	enum sts_mode mode;
	uint64_t max_age; /* seconds, STS_AGE_MAX at most: more count as that */
	struct str hosts; /* patterns of MX hosts, each with a NUL behind it */
};

#define STS_POLICY_INIT               \
	{                             \
		STS_NONE, 0, STR_INIT \
	}

/*
 * sts_policy_parse: reads a policy file.  Of a key that is there twice, other
 * than mx, the first counts; keys that are not known do not.
 *   policy   receives it, replaced
 * Returns false if the file breaks the grammar or lacks a key.
 * Source: RFC 8461 3.2.
 */
MUST_CHECK bool sts_policy_parse(struct span file, struct sts_policy *policy);

/*
 * sts_matches: whether a host is one that the policy means: it is one of its
 * patterns, or has one label more than what follows "*." in one (RFC 8461 4.1).
 *   hosts   as in struct sts_policy
 *   host    with or without a dot at its end, letters of any case
 */
bool sts_matches(struct span hosts, struct span host);

/* sts_mode_word: "none", "testing" or "enforce". */
struct span sts_mode_word(enum sts_mode mode);

/* sts_mode_parse: the other way. */
MUST_CHECK bool sts_mode_parse(struct span word, enum sts_mode *mode);

/* sts_policy_free: releases the memory. */
void sts_policy_free(struct sts_policy *policy);

#endif
