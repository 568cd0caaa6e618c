/*
 * dnspacket.h - DNS messages as bytes (RFC 1035 4): questions are built,
 * answers checked and read.  Pure: includes only base.
 * Input: hostile.
 */
#ifndef NET_DNSPACKET_H
#define NET_DNSPACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"

#define DNSNAME_MAX	 255  /* bytes on the wire, RFC 1035 3.1 */
#define DNSNAME_POINTERS 127  /* in one name at most: one for each label */
#define DNSPACKET_UDP	 1232 /* what we let servers send by UDP (EDNS0) */
#define DNSPACKET_MAX	 65535
#define DNSPACKET_CHAIN	 16 /* aliases that are followed in one answer */

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52
};

/* A name as on the wire, without compression: labels, then a zero byte. */
struct dnsname {
	unsigned char len;
	unsigned char bytes[DNSNAME_MAX];
};

/*
 * dnsname_parse: the name that the text writes, with or without a dot at its
 * end; "" is none, and so is text with blanks, control bytes, 8-bit bytes that
 * are no UTF-8, empty labels, labels over 63 or names over 255 bytes.  A label
 * in UTF-8 becomes its A-label (base/punycode.h).
 */
MUST_CHECK bool dnsname_parse(struct span text, struct dnsname *name);

/* dnsname_parse_bytes: the same, where labels may hold any bytes, and none is
 * changed: a name that is only asked for, as SPF makes them (RFC 7208 7.3). */
MUST_CHECK bool dnsname_parse_bytes(struct span text, struct dnsname *name);

/* dnsname_format: appends the name with dots between its labels; "." for the
 * root.  Bytes are copied as they are. */
void dnsname_format(struct str *text, const struct dnsname *name);

/* dnsname_is_root: whether the name is the empty one, "." */
bool dnsname_is_root(const struct dnsname *name);

/* dnsname_equal: whether both are the same but for the case of letters. */
bool dnsname_equal(const struct dnsname *a, const struct dnsname *b);

/* dnsname_parent: the name without its first label; the root has none above it and
 * stays. */
struct dnsname dnsname_parent(const struct dnsname *name);

/* dnsname_labels: how many it has; the root has none. */
unsigned dnsname_labels(const struct dnsname *name);

/* dnsname_is_within: whether it is the domain, or a name below it. */
bool
dnsname_is_within(const struct dnsname *name, const struct dnsname *domain);

/* dnsname_lower: makes letters small.  A server may repeat those of a question as
 * they were asked, at random. */
void dnsname_lower(struct dnsname *name);

struct dnsquestion {
	uint16_t id;
	enum dns_type type;
	struct dnsname name;
	bool is_exact_case; /* the answer must repeat upper and lower case */
	bool asks_secure;   /* the server is to say whether it has verified the
			       answer: AD, RFC 6840 5.7 */
};

/*
 * dnsname_mix_case: changes letters to upper case where bits has a 1: more
 * for a forger to guess.
 */
void dnsname_mix_case(struct dnsname *name, uint64_t bits);

/*
 * dnspacket_build: a question with recursion desired.
 *   packet   receives it, replaced
 *   is_edns  with an OPT record that allows DNSPACKET_UDP bytes (RFC 6891)
 */
void dnspacket_build(
    struct str *packet, const struct dnsquestion *question, bool is_edns);

enum dnspacket_kind {
	DNSPACKET_FOREIGN, /* no answer to this question: to be ignored */
	DNSPACKET_ANSWER,  /* found, perhaps without records */
	DNSPACKET_NO_NAME, /* the name does not exist (NXDOMAIN) */
	DNSPACKET_CASE,	   /* an answer, but for the case of letters */
	DNSPACKET_CUT,	   /* truncated: ask by TCP */
	DNSPACKET_NO_EDNS, /* the server does not know OPT, or our question */
	DNSPACKET_REFUSED  /* any other error, or the server denies what it
			      cannot know */
};

/* dnspacket_judge: what a packet says, from its header and question. */
enum dnspacket_kind
dnspacket_judge(struct span packet, const struct dnsquestion *question);

/*
 * dnspacket_is_secure: whether the server says that it has verified all of the
 * answer, or that there is none (AD, RFC 4035 3.2.3).  Its word counts where
 * the server is trusted, and the way to it.
 *   packet   judged DNSPACKET_ANSWER or DNSPACKET_NO_NAME
 */
bool dnspacket_is_secure(struct span packet);

struct dnsrecord {
	unsigned preference; /* of an MX */
	size_t at;	     /* place of the address or name in the packet; of
				the data of a TXT or TLSA */
	size_t len;	     /* bytes of the data, from at on */
};

struct dnsrecords {
	VEC(struct dnsrecord) list;
	struct dnsname owner; /* who has them: the name that was asked for, or
				 that a chain of aliases leads to */
};

#define DNSRECORDS_INIT           \
	{                         \
		VEC_INIT,         \
		{                 \
			0,        \
			{         \
				0 \
			}         \
		}                 \
	}

/*
 * dnspacket_records: the records in the answer section that belong to the
 * name asked for, or to the name that a chain of aliases leads to.
 *   packet   judged DNSPACKET_ANSWER
 *   records  receives them in order, replaced
 * Returns false if any record is damaged: then nothing in it is to be used.
 */
MUST_CHECK bool dnspacket_records(struct span packet,
    const struct dnsquestion *question, struct dnsrecords *records);

/* dnspacket_name: the name at a place that dnspacket_records gave. */
struct dnsname dnspacket_name(struct span packet, size_t at);

/* dnspacket_text: appends the strings of a TXT record that dnspacket_records
 * gave, one behind the other (RFC 7208 3.3, RFC 8461 3.1); any bytes. */
void dnspacket_text(
    struct str *text, struct span packet, const struct dnsrecord *record);

/* dnsrecords_free: releases the memory. */
void dnsrecords_free(struct dnsrecords *records);

#endif
