/* dkim_verify.c - looks at all signatures of a message.  Input: hostile. */
#include "dkim_verify.h"

#include <string.h>

#include "base/must.h"
#include "mail/dkimkey.h"

struct span
dkim_outcome_word(enum dkim_outcome outcome)
{
	static const char *const words[] = {
		[DKIM_PASS] = "pass",
		[DKIM_FAIL] = "fail",
		[DKIM_POLICY] = "policy",
		[DKIM_NEUTRAL] = "neutral",
		[DKIM_TEMPERROR] = "temperror",
		[DKIM_PERMERROR] = "permerror",
	};

	return span_of(words[outcome]);
}

static void
decide(struct dkim_check *check, enum dkim_outcome outcome, const char *reason)
{
	check->outcome = outcome;
	check->reason = reason;
	check->is_open = false;
}

void
dkim_verify_begin(struct dkim_verify *verify)
{
	*verify = (struct dkim_verify){ .header = DKIMHEADER_INIT };
}

/* ---- the header is over ---- */

static void
hash_piece(void *hash, struct span bytes)
{
	dkim_hash_add(hash, bytes);
}

/* Which hash of the body the signature wants. */
static size_t
find_body(struct dkim_verify *verify, const struct dkimsignature *signature)
{
	struct dkim_body *body;

	for (size_t i = 0; i < verify->body_count; i++)
		if (verify->bodies[i]->limit == signature->limit &&
		    verify->bodies[i]->canon.canon == signature->body_canon)
			return i;
	body = must_realloc(NULL, sizeof(*body));
	body->limit = signature->limit;
	body->hash = dkim_hash_new();
	body->is_hashed = false;
	dkimcanon_body_init(&body->canon, signature->body_canon, body->limit,
	    hash_piece, body->hash);
	verify->bodies[verify->body_count] = body;
	return verify->body_count++;
}

static bool
hash_header(struct dkim_verify *verify, struct dkim_check *check)
{
	const struct dkimsignature *signature = &check->signature;
	struct dkim_hash *hash = dkim_hash_new();
	struct str input = STR_INIT;

	dkimheader_add_signed(&input, &verify->header, signature->names,
	    check->field, signature->header_canon);
	dkimsignature_add_own(&input, signature->header_canon,
	    dkimheader_field(&verify->header, check->field), signature->b);
	dkim_hash_add(hash, str_span(&input));
	str_free(&input);
	return dkim_hash_end(hash, check->hash);
}

/* What the header alone says of a signature. */
static void
begin_check(struct dkim_verify *verify, struct dkim_check *check)
{
	const char *reason = dkimsignature_parse(
	    dkimheader_field(&verify->header, check->field), &check->signature);

	check->is_open = true;
	if (reason)
		decide(check, DKIM_PERMERROR, reason);
	else if (verify->header.is_odd)
		/* For others the header may end there. */
		decide(check, DKIM_NEUTRAL, "a line of the header is no field");
	else if (check->signature.algorithm == DKIM_RSA_SHA1)
		decide(check, DKIM_POLICY, "SHA-1 is no proof");
	else if (!hash_header(verify, check))
		decide(check, DKIM_TEMPERROR, "the header cannot be hashed");
	else
		check->body = find_body(verify, &check->signature);
}

/* What is said of signatures that nobody looks at. */
static void
pass_over(struct dkim_verify *verify, const char *reason)
{
	struct dkim_check check = { .field = 0 };

	decide(&check, DKIM_NEUTRAL, reason);
	vec_push(&verify->checks, check);
}

static void
begin_checks(struct dkim_verify *verify)
{
	/* Which signatures it has, and what they sign, nobody knows. */
	if (verify->header.is_too_large) {
		pass_over(verify, "the header is too large");
		return;
	}
	for (size_t i = 0; i < verify->header.fields.len; i++) {
		struct dkim_check check = { .field = 0 };

		if (!span_equal_nocase(dkimheader_name(&verify->header, i),
			SPAN(DKIMSIGNATURE_FIELD)))
			continue;
		if (verify->checks.len == DKIM_SIGNATURES_MAX) {
			pass_over(verify, "too many signatures before others");
			return;
		}
		check.field = i;
		vec_push(&verify->checks, check);
		begin_check(verify, &verify->checks.at[verify->checks.len - 1]);
	}
}

void
dkim_verify_feed(struct dkim_verify *verify, struct span bytes)
{
	if (!verify->header.is_over) {
		if (!dkimheader_feed(&verify->header, &bytes))
			return;
		begin_checks(verify);
	}
	for (size_t i = 0; i < verify->body_count; i++)
		dkimcanon_body_feed(&verify->bodies[i]->canon, bytes);
}

/* ---- the message is over ---- */

static void
end_bodies(struct dkim_verify *verify)
{
	if (!verify->header.is_over) {
		dkimheader_end(&verify->header);
		begin_checks(verify);
	}
	for (size_t i = 0; i < verify->body_count; i++) {
		struct dkim_body *body = verify->bodies[i];

		dkimcanon_body_end(&body->canon);
		body->is_hashed = dkim_hash_end(body->hash, body->result);
		body->hash = NULL;
	}
}

/* What is said without its key. */
static void
check_body(struct dkim_verify *verify, struct dkim_check *check, int64_t now)
{
	const struct dkimsignature *signature = &check->signature;
	const struct dkim_body *body = verify->bodies[check->body];

	check->is_partial = body->canon.is_cut;
	if (signature->expiry < (uint64_t)now)
		decide(check, DKIM_FAIL, "it has expired");
	else if (!body->is_hashed)
		decide(check, DKIM_TEMPERROR, "the body cannot be hashed");
	else if (memcmp(body->result, signature->hash.s, DKIMSIGNATURE_HASH))
		decide(check, DKIM_FAIL, "the body was changed");
}

void
dkim_verify_end(struct dkim_verify *verify, int64_t now)
{
	end_bodies(verify);
	for (size_t i = 0; i < verify->checks.len; i++) {
		struct dkim_check *check = &verify->checks.at[i];

		if (check->is_open)
			check_body(verify, check, now);
	}
}

/* ---- keys ---- */

/* The text of the one record.  Returns false, and has decided, if there is none. */
static bool
get_record(struct dkim_check *check, struct dns *dns, struct str *record)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct dnsname name;
	struct str text = STR_INIT;

	str_add(&text, check->signature.selector);
	str_add_z(&text, "._domainkey.");
	str_add(&text, check->signature.domain);
	if (!dnsname_parse(str_span(&text), &name))
		decide(check, DKIM_PERMERROR, "the name of its key is none");
	else
		switch (dns_ask(dns, &name, DNS_TXT, &answer)) {
		case DNS_FAILED:
			decide(check, DKIM_TEMPERROR,
			    "the DNS does not answer about its key");
			break;
		case DNS_NO_NAME:
		case DNS_NOTHING:
			decide(check, DKIM_PERMERROR, "it has no key");
			break;
		case DNS_FOUND:
			/* What several mean is not defined: RFC 6376 3.6.2.2. */
			if (answer.records.list.len == 1)
				dnspacket_text(record, str_span(&answer.packet),
				    &answer.records.list.at[0]);
			else
				decide(check, DKIM_PERMERROR,
				    "there are several keys for it");
			break;
		}
	dnsanswer_free(&answer);
	str_free(&text);
	return check->is_open;
}

static void
decide_judged(struct dkim_check *check, enum dkim_judgement judgement)
{
	static const struct {
		enum dkim_outcome outcome;
		const char *reason;
	} table[] = {
		[DKIM_GOOD] = { DKIM_PASS, "good signature" },
		[DKIM_BAD] = { DKIM_FAIL, "the signature does not match" },
		[DKIM_NO_KEY] = { DKIM_PERMERROR,
		    "what is published is no key" },
		[DKIM_SHORT_KEY] = { DKIM_POLICY, "the key is too short" },
		[DKIM_LONG_KEY] = { DKIM_POLICY, "the key is too long" },
		[DKIM_UNKNOWN] = { DKIM_TEMPERROR,
		    "the signature cannot be checked" },
	};

	decide(check, table[judgement].outcome, table[judgement].reason);
}

void
dkim_verify_key(struct dkim_check *check, struct dns *dns)
{
	struct str record = STR_INIT;
	struct dkimkey key = DKIMKEY_INIT;
	const char *reason;

	if (check->is_open && get_record(check, dns, &record)) {
		reason = dkimkey_parse(str_span(&record), &key);
		check->is_testing = key.is_testing;
		if (!reason)
			reason = dkimkey_fits(&key, &check->signature);
		if (reason)
			decide(check, DKIM_PERMERROR, reason);
		else
			decide_judged(check,
			    dkim_judge(&key, check->hash,
				str_span(&check->signature.bytes)));
	}
	dkimkey_free(&key);
	str_free(&record);
}

void
dkim_verify_free(struct dkim_verify *verify)
{
	for (size_t i = 0; i < verify->body_count; i++) {
		dkim_hash_free(verify->bodies[i]->hash);
		must_free(verify->bodies[i]);
	}
	for (size_t i = 0; i < verify->checks.len; i++)
		dkimsignature_free(&verify->checks.at[i].signature);
	vec_free(&verify->checks);
	dkimheader_free(&verify->header);
	verify->body_count = 0;
}
