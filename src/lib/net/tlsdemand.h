/*
 * tlsdemand.h - what TLS with another server must be like; what qmail-remote
 * tells qmail-tlsc, behind the letter of tlsdoor.h, in fields: a letter, a value,
 * a NUL.
 *
 *	P   how the server is to be known: a letter of enum tlsdemand_level
 *	S   its name, for SNI, and the one that TLSA records belong to
 *	N   a name that its certificate may have; with a dot before it also all
 *	    names below; any number of them
 *	F   the SHA-256 of a certificate, or of its public key, 64 hexadecimal
 *	    digits; any number of them
 *	T   a TLSA record, "USAGE SELECTOR MATCHING DATA"; any number of them
 *
 * Without a demand it is TLSDEMAND_ENCRYPT.  All of it is TLSDEMAND_SIZE_MAX bytes
 * at most.
 */
#ifndef NET_TLSDEMAND_H
#define NET_TLSDEMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/str.h"
#include "base/vec.h"
#include "net/tlsdoor.h"

#define TLSDEMAND_SIZE_MAX  (TLSDOOR_RECORD_MAX - 1)
#define TLSDEMAND_NAMES_MAX 64 /* of each kind */
#define TLSDEMAND_NAME_MAX  255
#define TLSDEMAND_DIGEST    32 /* bytes of a SHA-256 */
/* Bytes of data of a TLSA record: the largest that has room beside all else. */
#define TLSDEMAND_TLSA_MAX (20u << 10)

enum tlsdemand_level {
	TLSDEMAND_ENCRYPT = 'e',     /* whoever it is */
	TLSDEMAND_OBSERVE = 'o',     /* the same; but tell who it is */
	TLSDEMAND_VERIFY = 'v',	     /* an authority vouches for a name */
	TLSDEMAND_FINGERPRINT = 'f', /* it has one of these certificates */
	TLSDEMAND_DANE = 'd'	     /* TLSA records vouch for it (RFC 7672) */
};

struct tlsdemand_tlsa {
	uint8_t usage, selector, matching; /* RFC 6698 2.1 */
	struct span data;		   /* as hexadecimal digits, in pairs */
};

struct tlsdemand {
	enum tlsdemand_level level;
	struct span server; /* empty: no SNI */
	VEC(struct span) names;
	VEC(struct span) fingerprints; /* 64 hexadecimal digits each */
	VEC(struct tlsdemand_tlsa) records;
};

#define TLSDEMAND_INIT                                                     \
	{                                                                  \
		TLSDEMAND_ENCRYPT, { "", 0 }, VEC_INIT, VEC_INIT, VEC_INIT \
	}

/* tlsdemand_add: appends the fields.  Names, fingerprints and records beyond
 * the limits are left out, of the records the longest: then less is believed,
 * never more. */
void tlsdemand_add(struct str *text, const struct tlsdemand *demand);

/*
 * tlsdemand_parse: takes fields apart.
 *   demand   as after TLSDEMAND_INIT; its spans lie in text, and a name is
 *            followed by a NUL there
 * Returns false if they are not as above.
 */
MUST_CHECK bool tlsdemand_parse(struct span text, struct tlsdemand *demand);

/* tlsdemand_free: releases the memory. */
void tlsdemand_free(struct tlsdemand *demand);

#endif
