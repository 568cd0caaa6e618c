/*
 * dane.h - what a host's zone says of its certificate: TLSA records, which count
 * where DNSSEC covers them and all that led to the host (RFC 6698, RFC 7672).
 * Input: hostile; from the name server, which is trusted as net/dns.h has it.
 */
#ifndef NET_DANE_H
#define NET_DANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/vec.h"
#include "net/dns.h"
#include "net/mx.h"

#define DANE_SMTP_PORT 25
#define DANE_USED_MAX  64 /* records that are used of a host; the rest is not */

/* Of RFC 6698 2.1, those that SMTP has a use for (RFC 7672 3.1). */
enum {
	TLSA_USAGE_ANCHOR = 2, /* DANE-TA: an authority of the chain */
	TLSA_USAGE_HOST = 3,   /* DANE-EE: the certificate of the host */

	TLSA_SELECTOR_CERTIFICATE = 0,
	TLSA_SELECTOR_KEY = 1,

	TLSA_MATCHING_ALL = 0, /* the data itself, else its digest */
	TLSA_MATCHING_SHA256 = 1,
	TLSA_MATCHING_SHA512 = 2
};

struct tlsa {
	uint8_t usage, selector, matching;
	struct span data;
};

/*
 * tlsa_parse: takes a record apart.
 *   data   all of it, as it is in the answer
 * Returns false if it is too short to be one.
 */
MUST_CHECK bool tlsa_parse(struct span data, struct tlsa *tlsa);

/* tlsa_is_usable: whether SMTP has a use for it (RFC 7672 3.1), and its data the
 * length of a digest, or the shape of a certificate or key (RFC 5280 4.1), of no
 * more than TLSDEMAND_TLSA_MAX bytes.  The shape is that of the outer elements: of
 * what is inside, others know more. */
bool tlsa_is_usable(const struct tlsa *tlsa);

enum dane_outcome {
	/* DANE says nothing of the host: there are no records, or what there is is
	 * not secure. */
	DANE_NONE,
	DANE_RECORDS,  /* TLS, and a certificate that one of them matches */
	DANE_UNUSABLE, /* TLS, with any certificate: there are records, but none
			  that can be used (RFC 7672 2.2) */
	DANE_FAILED    /* it cannot be told, and the host must not be used */
};

struct dane_answer {
	VEC(struct tlsa) records; /* usable ones; views into the packet */
	struct dnsname base; /* the host in whose name they are: what is to be
				     asked for by SNI, and a name for
				     TLSA_USAGE_ANCHOR, RFC 7672 3.2.2 */
	struct dnsanswer packet;
};

#define DANE_ANSWER_INIT                               \
	{                                              \
		VEC_INIT, { 0, { 0 } }, DNSANSWER_INIT \
	}

/*
 * dane_ask: looks up what is said of a host.
 *   host     as mx_host gave it: NULL, and one that is not secure, have none
 *   port     of its service
 *   answer   receives records and base, replaced
 */
enum dane_outcome dane_ask(struct dns *dns, const struct mx_host *host,
    uint16_t port, struct dane_answer *answer);

/* dane_answer_free: releases the memory. */
void dane_answer_free(struct dane_answer *answer);

#endif
