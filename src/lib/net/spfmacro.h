/*
 * spfmacro.h - what stands for something else in SPF records (RFC 7208 7): whether
 * it is well-formed, and what it is for one message.  Pure.
 * Input: hostile.
 */
#ifndef NET_SPFMACRO_H
#define NET_SPFMACRO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "net/ip.h"

#define SPFMACRO_MAX 8192u /* bytes of a text with its macros replaced */

/* spfmacro_is_domain: whether it is a domain, which may have macros, but not those
 * of explanations: "domain-spec" in RFC 7208 7.1. */
bool spfmacro_is_domain(struct span text);

/* spfmacro_is_value: whether it can be the value of a modifier that is not known:
 * "macro-string" there. */
bool spfmacro_is_value(struct span text);

/* spfmacro_is_explanation: whether it is a text for people: "explain-string". */
bool spfmacro_is_explanation(struct span text);

/* spfmacro_has: whether one of its macros has this small letter. */
bool spfmacro_has(struct span text, char letter);

/* What the letters mean. */
struct spfmacro_values {
	struct span sender;	    /* s */
	struct span local_part;	    /* l */
	struct span sender_domain;  /* o */
	struct span domain;	    /* d */
	struct span helo;	    /* h */
	struct span validated_name; /* p */
	struct span receiver;	    /* r */
	struct ip_address client;   /* i, c, v */
	int64_t now;		    /* t: seconds since 1970 */
};

/*
 * spfmacro_expand: appends the text with its macros replaced.
 *   text   one of the three above
 * Returns false if the result would be longer than SPFMACRO_MAX, or would hold
 * bytes that are not ASCII, which matches nothing (RFC 8616 4).
 */
MUST_CHECK bool spfmacro_expand(
    struct str *out, struct span text, const struct spfmacro_values *values);

#endif
