/*
 * zone.h - what the DNS has to say of a domain that has its mail on this host: the
 * parts of qmail-dnsrecords.
 *
 *	zone_facts.c   what is known here
 *	zone_key.c     what a certificate has: the only part that needs OpenSSL
 *	zone_text.c    the records as text
 *	zone_print.c   all of them, as a part of a zone file
 *	zone_check.c   which of them the DNS has; zone_judge.c which of them are good
 */
#ifndef ADMIN_ZONE_H
#define ADMIN_ZONE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "net/ip.h"

#define ZONE_KEYS_MAX	   32 /* of a domain; eight of them sign */
#define ZONE_ADDRESSES_MAX 16 /* of a host; the rest is not looked at */
#define ZONE_NAME_MAX \
	180			/* bytes of a domain or host: what stands before
				      it has place in a name of the DNS */
#define ZONE_SELECTOR_MAX    60 /* bytes, likewise */
#define ZONE_CERTIFICATE_MAX 65536 /* bytes of a file */
#define ZONE_DIGEST	     32	   /* bytes of SHA-256 */
#define ZONE_CERTIFICATES    2

/* A key with which mail of the domain is, or was, signed. */
struct zone_key {
	struct str selector;
	struct str record; /* what is to be published, without a newline */
	struct str
	    wrong; /* why there is nothing; empty: it is as it should be */
};

/* A file with a key and a certificate. */
struct zone_certificate {
	struct str path;
	bool is_there;
	struct str wrong; /* why it cannot be read; empty: digest is known */
	unsigned char digest[ZONE_DIGEST]; /* of the public key */
};

struct zone {
	struct str domain; /* small letters, A-labels, no dot at its end */
	struct str host;   /* control/me, likewise */
	struct str
	    helo; /* what it calls itself to others, likewise; empty: that is
			    no name */
	VEC(struct ip_address) addresses; /* of this machine, public ones */
	bool is_srs; /* it is control/srs_domain: nobody reads mail there */
	bool has_outgoing;
	struct ip_address outgoing; /* where mail of the domain comes from, by
				       control/bindroutes */
	bool has_relay;	   /* it leaves by one, by control/smtproutes */
	struct str signer; /* which domain signs: this one, or the nearest
				      above it that has keys */
	VEC(struct zone_key) keys; /* its, in the order of their selectors */
	struct zone_certificate certificates[ZONE_CERTIFICATES]; /* that for all
					       names, and that of the host */
};

/* ---- zone_facts.c ---- */

/*
 * zone_read: enters home_dir and reads all of it: control/me, bindroutes,
 * smtproutes, dkim/DOMAIN, certificates; and asks for the addresses of interfaces.
 *   zone      receives it, replaced
 *   domain    as it was typed; in UTF-8 it becomes its A-labels
 *   program   its name: what cannot be read ends it with error_exit, and a name that
 *             is none with 100
 * Keys and certificates that cannot be read are no such faults: they say so.
 */
void zone_read(struct zone *zone, struct span domain, const char *program);

/* zone_is_signer: whether the domain has keys of its own, or none has any. */
bool zone_is_signer(const struct zone *zone);

/* zone_has: whether a host is the domain, or a name below it: its records are of the
 * same zone then.  zone_has_host: the same of the host of control/me. */
bool zone_has(const struct zone *zone, const struct str *host);
bool zone_has_host(const struct zone *zone);

/* zone_has_other_helo: whether the name in HELO is one, and not the domain itself. */
bool zone_has_other_helo(const struct zone *zone);

void zone_free(struct zone *zone);

/* ---- zone_key.c ---- */

/* zone_read_certificate: reads the first certificate of the file, which may not be
 * there.
 *   certificate   path is set; receives the rest */
void zone_read_certificate(struct zone_certificate *certificate);

/* ---- zone_text.c ---- */

/*
 * zone_add_quoted: appends the text as strings of a TXT record as zone files have
 * them: in quotes, at most 255 bytes each, and what is not printable as \DDD
 * (RFC 1035 5.1).
 */
void zone_add_quoted(struct str *out, struct span text);

/* zone_add_plain: appends the bytes of a name, what is not printable likewise. */
void zone_add_plain(struct str *out, struct span text);

/* zone_add_spf: appends the record that says who may send in a name.
 *   hosts   "mx" for a domain, "a" for the name in HELO, and if that is the domain */
void zone_add_spf(struct str *out, const struct zone *zone, const char *hosts);

/* ---- zone_print.c ---- */

/* zone_print: appends all records, each with a comment before it. */
void zone_print(struct str *out, const struct zone *zone);

/* ---- zone_check.c ---- */

enum zone_outcome {
	ZONE_RIGHT = 0,
	ZONE_WRONG = 1,	  /* something is missing, or not as it should be */
	ZONE_UNSURE = 111 /* nothing is, but not all can be told */
};

/* zone_check: asks the DNS for each record, and appends a line for each. */
enum zone_outcome zone_check(struct str *out, const struct zone *zone);

#endif
