/*
 * dkim_verify.h - looks at all signatures of DKIM on a message, while it comes in.
 * The message is not kept, but for its header (mail/dkimheader.h has the limits).
 *
 *	struct dkim_verify verify;
 *	dkim_verify_begin(&verify);
 *	while (there is more)
 *		dkim_verify_feed(&verify, bytes);
 *	dkim_verify_end(&verify, clock_seconds());
 *	for (size_t i = 0; i < verify.checks.len; i++) {
 *		dkim_verify_key(&verify.checks.at[i], &dns);
 *		use(&verify.checks.at[i]);
 *	}
 *	dkim_verify_free(&verify);
 */
#ifndef AUTH_DKIM_VERIFY_H
#define AUTH_DKIM_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/vec.h"
#include "dkim_crypto.h"
#include "mail/dkimcanon.h"
#include "mail/dkimheader.h"
#include "mail/dkimsignature.h"
#include "net/dns.h"

#define DKIM_SIGNATURES_MAX 10 /* of a message that are looked at */

/* As in RFC 8601 2.7.1. */
enum dkim_outcome {
	DKIM_PASS,
	DKIM_FAIL,	/* the message, or the signature, is not what it was */
	DKIM_POLICY,	/* not good enough here: SHA-1, a short key */
	DKIM_NEUTRAL,	/* not looked at: too much, or not clear */
	DKIM_TEMPERROR, /* cannot be told now */
	DKIM_PERMERROR	/* cannot be told ever: no key, no signature */
};

/* A signature and what came of it. */
struct dkim_check {
	struct dkimsignature signature;
	enum dkim_outcome outcome;
	const char *reason; /* words of ours */
	bool is_testing;    /* its key is for tests: see mail/dkimkey.h */
	bool is_partial;    /* text of the body is not signed, by l= */
	/* For dkim_verify.c. */
	bool is_open; /* there is no outcome yet */
	size_t field; /* its index in the header */
	size_t body;  /* index of what it is of the body that it signs */
	unsigned char hash[DKIMSIGNATURE_HASH]; /* of the header */
};

/* A hash of the body: signatures that want the same share it. */
struct dkim_body {
	struct dkimcanon_body canon;
	uint64_t limit;
	struct dkim_hash *hash;
	bool is_hashed;
	unsigned char result[DKIMSIGNATURE_HASH];
};

struct dkim_verify {
	/* One for each field DKIM-Signature, from the top of the header down, and
	 * one, without names, for all behind DKIM_SIGNATURES_MAX; that alone for a
	 * header that is too large. */
	VEC(struct dkim_check) checks;
	struct dkimheader header;
	struct dkim_body *bodies[DKIM_SIGNATURES_MAX];
	size_t body_count;
};

/* dkim_verify_begin: a message begins. */
void dkim_verify_begin(struct dkim_verify *verify);

/* dkim_verify_feed: takes the next bytes of it, cut anywhere; lines ended by LF as
 * in the queue. */
void dkim_verify_feed(struct dkim_verify *verify, struct span bytes);

/*
 * dkim_verify_end: the message is over; decides what is known without keys.
 *   now   seconds since 1970
 * Views in checks are good until dkim_verify_free.
 */
void dkim_verify_end(struct dkim_verify *verify, int64_t now);

/*
 * dkim_verify_key: asks for the key of a signature, and decides, unless there is an
 * outcome already.
 *   check   one of the message, which is over
 *   dns     asked once; its deadline is the only one
 */
void dkim_verify_key(struct dkim_check *check, struct dns *dns);

/* dkim_outcome_word: the outcome as RFC 8601 has it. */
struct span dkim_outcome_word(enum dkim_outcome outcome);

/* dkim_verify_free: releases the memory; at any time after the begin. */
void dkim_verify_free(struct dkim_verify *verify);

#endif
