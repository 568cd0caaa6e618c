/*
 * dmarcreport_count.c - the messages of a day, out of the log of qmail-verifyd.
 * Input: lines of ours, with names of strangers in them
 */
#include "dmarcreport.h"
#include "net/ip.h"

#define SAYS SPAN(" verifyd checked ")

/* The words of a line: first those of the domain, then those of the message, in the order
 * of the structures; and which values they have, with blanks between: NULL: any. */
static const struct word {
	const char *name, *values;
} words[] = {
	{ "p", "none quarantine reject" },
	{ "sp", "none quarantine reject" },
	{ "np", "none quarantine reject" },
	{ "adkim", "r s" },
	{ "aspf", "r s" },
	{ "t", "y n" },
	{ "policy", NULL },
	{ "client", NULL },
	{ "disposition", "pass none quarantine reject" },
	{ "reason", NULL },
	{ "dkim", "pass fail" },
	{ "spf", "pass fail" },
	{ "from", NULL },
	{ "envelope", NULL },
	{ "identity", NULL },
	{ "scope", "mfrom helo" },
	{ "result", "none neutral pass fail softfail temperror permerror" },
	{ "sig1", NULL },
	{ "sig2", NULL },
	{ "sig3", NULL },
	{ "sig4", NULL },
};

enum {
	WORDS = sizeof(words) / sizeof(*words),
	POLICY_WORDS = 6, /* of these are what is published */
	DOMAIN = POLICY_WORDS,
	CLIENT,
	REASON = 9,
	FROM = 12,
	SIGNATURES = WORDS - DMARCREPORT_SIGNATURES
};

/* "pass:domain:selector", or nothing. */
static bool
is_signature(struct span value)
{
	return value.len == 0 ||
	    span_is_one_of(span_upto(value, span_find(value, ':')),
		"none pass fail policy neutral temperror permerror");
}

/* Whether all is there, and fits into a report. */
static bool
is_sound(const struct span values[])
{
	struct ip_address address;

	for (size_t i = 0; i < WORDS; i++)
		if (words[i].values &&
		    !span_is_one_of(values[i], words[i].values))
			return false;
	for (size_t i = SIGNATURES; i < WORDS; i++)
		if (!is_signature(values[i]))
			return false;
	return values[DOMAIN].len > 0 && values[FROM].len > 0 &&
	    ip_parse(values[CLIENT], &address) &&
	    (values[REASON].len == 0 ||
		span_is_one_of(
		    values[REASON], "local_policy policy_test_mode"));
}

void
dmarcreport_count_line(
    struct logcount *count, struct span line, int64_t seconds)
{
	struct str key = STR_INIT, policy = STR_INIT;
	struct span values[WORDS];
	const char *names[WORDS];

	for (size_t i = 0; i < WORDS; i++)
		names[i] = words[i].name;
	if (!span_starts(line, SAYS) ||
	    !logcount_values(span_from(line, SAYS.len), names, WORDS, values) ||
	    !is_sound(values))
		return;
	for (size_t i = 0; i < WORDS; i++)
		logcount_add_part(i < POLICY_WORDS ? &policy : &key, values[i]);
	logcount_add(count, &key, str_span(&policy), seconds);
	str_free(&key);
	str_free(&policy);
}

struct dmarcreport_row
dmarcreport_count_get(const struct logcount *count, size_t index)
{
	struct dmarcreport_row row = { .count = logcount_count(count, index) };
	struct span *const parts[WORDS - POLICY_WORDS] = { &row.domain, &row.ip,
		&row.disposition, &row.reason, &row.dkim, &row.spf, &row.from,
		&row.envelope, &row.identity, &row.scope, &row.result,
		&row.signatures[0], &row.signatures[1], &row.signatures[2],
		&row.signatures[3] };

	logcount_parts(count, index, parts, WORDS - POLICY_WORDS);
	return row;
}

struct dmarcreport_policy
dmarcreport_count_policy(const struct logcount *count, size_t index)
{
	struct dmarcreport_policy policy;
	struct span *const parts[POLICY_WORDS] = { &policy.p, &policy.sp,
		&policy.np, &policy.adkim, &policy.aspf, &policy.test };
	struct span rest = str_span(&logcount_domain(count, index)->facts);

	for (size_t i = 0; i < POLICY_WORDS; i++) {
		*parts[i] = SPAN("");
		(void)!span_cut_next(&rest, '\0', parts[i]);
	}
	return policy;
}

bool
dmarcreport_has_letters(const struct logcount *count, size_t first, size_t last)
{
	for (; first < last; first++)
		if (dmarcreport_count_get(count, first).envelope.len)
			return true;
	return false;
}
