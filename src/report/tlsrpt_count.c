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

/* Whether it was of another's doing: of a relay; or the mail was one for which
 * nobody asks what the domain wants, as a report is itself. */
static bool
is_of_another(struct span words)
{
	return logcount_value(words, SPAN("relay=")).len > 0 ||
	    logcount_value(words, SPAN("tls-required=")).len > 0;
}

void
tlsrpt_count_line(struct logcount *count, struct span line, int64_t day)
{
	struct span domain, word = SPAN("");
	struct str key = STR_INIT;
	const struct result *result;
	const char *policy;

	if (!logcount_is_of_day(&line, day) ||
	    !span_starts(line, SPAN(" tls ")))
		return;
	domain = logcount_value(line, SPAN("domain="));
	result = find_result(logcount_value(line, SPAN("result=")));
	if (domain.len == 0 || !result || is_of_another(line))
		return;
	policy = result->policy;
	if (!policy)
		policy = policy_word(logcount_value(line, SPAN("policy=")));
	if (!policy)
		return;
	if (!logcount_has_room(count))
		return;
	logcount_add_part(&key, domain);
	logcount_add_part(&key, span_of(policy));
	logcount_add_part(&key, span_of(result->theirs));
	/* Where all is well nobody wants to know with whom. */
	word = *result->theirs ? logcount_value(line, SPAN("host=")) : word;
	logcount_add_part(&key, word);
	word = *result->theirs ? logcount_value(line, SPAN("address=")) : word;
	logcount_add_part(&key, word);
	logcount_add(count, &key);
}

struct tlsrpt_sessions
tlsrpt_count_get(const struct logcount *count, size_t index)
{
	struct tlsrpt_sessions sessions = { .count = count->counts.at[index] };
	struct span *parts[] = { &sessions.domain, &sessions.policy,
		&sessions.result, &sessions.host, &sessions.address };

	logcount_parts(count, index, parts, sizeof(parts) / sizeof(*parts));
	return sessions;
}
