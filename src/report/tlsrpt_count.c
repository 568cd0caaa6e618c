/*
 * tlsrpt_count.c - the sessions of a day, out of a log.
 * Input: lines of ours, with names of strangers in them
 */
#include "tlsrpt.h"

static const struct {
	const char *ours, *theirs;
} policies[] = {
	{ "dane", "tlsa" },
	{ "sts", "sts" },
	{ "sts-testing", "sts" },
	{ "may", "no-policy-found" },
	{ "encrypt", "no-policy-found" },
	{ "none", "no-policy-found" },
};

/* What it is to them; NULL: not of their doing, and not told. */
static const char *
policy_word(struct span policy)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++)
		if (span_equal(policy, span_of(policies[i].ours)))
			return policies[i].theirs;
	return NULL;
}

/* All result types of RFC 8460 4.3, and what is one in other words. */
static const struct result {
	const char *ours, *theirs;
	const char *policy; /* of what it tells; NULL: of that of the session */
} results[] = {
	{ "ok", "", NULL },
	{ "starttls-not-supported", "starttls-not-supported", NULL },
	{ "starttls-refused", "starttls-not-supported", NULL },
	{ "certificate-expired", "certificate-expired", NULL },
	{ "certificate-host-mismatch", "certificate-host-mismatch", NULL },
	{ "certificate-not-trusted", "certificate-not-trusted", NULL },
	{ "validation-failure", "validation-failure", NULL },
	{ "tlsa-invalid", "tlsa-invalid", "tlsa" },
	{ "dnssec-invalid", "dnssec-invalid", "tlsa" },
	{ "dane-required", "dane-required", "tlsa" },
	/* Of a policy that nobody could get; the session has another. */
	{ "sts-policy-fetch-error", "sts-policy-fetch-error", "sts" },
	{ "sts-policy-invalid", "sts-policy-invalid", "sts" },
	{ "sts-webpki-invalid", "sts-webpki-invalid", "sts" },
};

static const struct result *
find_result(struct span result)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
		if (span_equal(result, span_of(results[i].ours)))
			return &results[i];
	return NULL;
}

enum {
	DOMAIN,
	HOST,
	ADDRESS,
	POLICY,
	RESULT,
	RELAY,
	TLS_REQUIRED,
	WORDS
};

static const char *const names[WORDS] = { "domain", "host", "address", "policy",
	"result", "relay", "tls-required" };

/* The words behind "tls 7: ".  Returns false if it is no such line, or not whole. */
static bool
take_words(struct span line, struct span values[])
{
	const struct span says = SPAN(" tls ");
	struct span number;

	if (!span_starts(line, says))
		return false;
	line = span_from(line, says.len);
	return span_cut_next(&line, ' ', &number) &&
	    span_ends(number, SPAN(":")) &&
	    logcount_values(line, names, WORDS, values);
}

/* Whether it was of another's doing: of a relay; or the mail was one for which
 * nobody asks what the domain wants, as a report is itself. */
static bool
is_of_another(const struct span values[])
{
	return values[RELAY].len > 0 || values[TLS_REQUIRED].len > 0;
}

void
tlsrpt_count_line(struct logcount *count, struct span line, int64_t seconds)
{
	struct span values[WORDS];
	struct str key = STR_INIT;
	const struct result *result;
	const char *policy;

	if (!take_words(line, values))
		return;
	result = find_result(values[RESULT]);
	if (values[DOMAIN].len == 0 || !result || is_of_another(values))
		return;
	policy = result->policy;
	if (!policy)
		policy = policy_word(values[POLICY]);
	if (!policy)
		return;
	logcount_add_part(&key, values[DOMAIN]);
	logcount_add_part(&key, span_of(policy));
	logcount_add_part(&key, span_of(result->theirs));
	/* Where all is well nobody wants to know with whom. */
	if (*result->theirs) {
		logcount_add_part(&key, values[HOST]);
		logcount_add_part(&key, values[ADDRESS]);
	}
	logcount_add(count, &key, SPAN(""), seconds);
	str_free(&key);
}

struct tlsrpt_sessions
tlsrpt_count_get(const struct logcount *count, size_t index)
{
	struct tlsrpt_sessions sessions = { .count =
						logcount_count(count, index) };
	struct span *parts[] = { &sessions.domain, &sessions.policy,
		&sessions.result, &sessions.host, &sessions.address };

	logcount_parts(count, index, parts, sizeof(parts) / sizeof(*parts));
	return sessions;
}
