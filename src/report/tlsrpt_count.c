/*
 * tlsrpt_count.c - the sessions of a day, out of a log.
 * Input: lines of ours, with names of strangers in them
 */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "tlsrpt.h"

#define STAMP_LEN    25 /* "@" and 24 digits */
#define SECONDS_LEN  16 /* digits of them that are seconds */
#define TAI_OFFSET   (UINT64_C(1) << 62)
#define TAI_AHEAD    10 /* seconds, as all tools of this family have it */
#define UNSORTED_MAX 10000

/* ---- a line ---- */

/* The seconds since 1970 of a stamp, which is taken off. */
static bool
take_stamp(struct span *line, int64_t *seconds)
{
	uint64_t number = 0;

	if (line->len < STAMP_LEN || line->s[0] != '@')
		return false;
	for (int i = 1; i < STAMP_LEN; i++) {
		int digit = ascii_hex_value(line->s[i]);

		if (digit < 0)
			return false;
		if (i <= SECONDS_LEN)
			number = number << 4 | (unsigned)digit;
	}
	*line = span_from(*line, STAMP_LEN);
	*seconds = (int64_t)(number - TAI_OFFSET) - TAI_AHEAD;
	return number >= TAI_OFFSET;
}

/* The value of a word name=value; the empty span: there is none. */
static struct span
value_of(struct span words, struct span name)
{
	struct span word;

	while (span_cut_next(&words, ' ', &word))
		if (span_starts(word, name))
			return span_from(word, name.len);
	return SPAN("");
}

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
	return value_of(words, SPAN("relay=")).len > 0 ||
	    value_of(words, SPAN("tls-required=")).len > 0;
}

static void
add_part(struct str *key, struct span part)
{
	str_add_lower(key, part);
	str_add_byte(key, '\0');
}

void
tlsrpt_count_line(struct tlsrpt_count *count, struct span line, int64_t day)
{
	struct span domain, word = SPAN("");
	struct str key = STR_INIT;
	const struct result *result;
	const char *policy;
	int64_t seconds;

	if (!take_stamp(&line, &seconds) || seconds < day ||
	    seconds >= day + TLSRPT_DAY || !span_starts(line, SPAN(" tls ")))
		return;
	domain = value_of(line, SPAN("domain="));
	result = find_result(value_of(line, SPAN("result=")));
	if (domain.len == 0 || !result || is_of_another(line))
		return;
	policy = result->policy;
	if (!policy)
		policy = policy_word(value_of(line, SPAN("policy=")));
	if (!policy)
		return;
	if (count->sorted >= TLSRPT_KINDS_MAX) {
		count->left_out++;
		return;
	}
	add_part(&key, domain);
	add_part(&key, span_of(policy));
	add_part(&key, span_of(result->theirs));
	/* Where all is well nobody wants to know with whom. */
	word = *result->theirs ? value_of(line, SPAN("host=")) : word;
	add_part(&key, word);
	word = *result->theirs ? value_of(line, SPAN("address=")) : word;
	add_part(&key, word);
	vec_push(&count->keys, key);
	vec_push(&count->counts, 1);
	if (count->keys.len - count->sorted > UNSORTED_MAX)
		tlsrpt_count_sort(count);
}

/* ---- all of them ---- */

struct entry {
	struct str key;
	uint64_t count;
};

static int
compare(const void *a, const void *b)
{
	struct span left = str_span(&((const struct entry *)a)->key);
	struct span right = str_span(&((const struct entry *)b)->key);
	size_t len = left.len < right.len ? left.len : right.len;
	int order = memcmp(left.s, right.s, len);

	if (order != 0)
		return order;
	return left.len < right.len ? -1 : left.len > right.len;
}

void
tlsrpt_count_sort(struct tlsrpt_count *count)
{
	VEC(struct entry) entries = VEC_INIT;

	for (size_t i = 0; i < count->keys.len; i++)
		vec_push(&entries,
		    ((struct entry){ count->keys.at[i], count->counts.at[i] }));
	if (entries.len)
		qsort(entries.at, entries.len, sizeof(*entries.at), compare);
	count->keys.len = count->counts.len = 0;
	for (size_t i = 0; i < entries.len; i++) {
		struct entry *entry = &entries.at[i];
		size_t last = count->keys.len;

		if (last &&
		    span_equal(str_span(&count->keys.at[last - 1]),
			str_span(&entry->key))) {
			count->counts.at[last - 1] += entry->count;
			str_free(&entry->key);
			continue;
		}
		vec_push(&count->keys, entry->key);
		vec_push(&count->counts, entry->count);
	}
	count->sorted = count->keys.len;
	vec_free(&entries);
}

struct tlsrpt_sessions
tlsrpt_count_get(const struct tlsrpt_count *count, size_t index)
{
	struct tlsrpt_sessions sessions = { .count = count->counts.at[index] };
	struct span *parts[] = { &sessions.domain, &sessions.policy,
		&sessions.result, &sessions.host, &sessions.address };
	struct span rest = str_span(&count->keys.at[index]);

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		*parts[i] = SPAN("");
		(void)!span_cut_next(&rest, '\0', parts[i]);
	}
	return sessions;
}
