/* sts.c - MTA-STS: records, policies, hosts.  Input: hostile. */
#include "mail/sts.h"

#include "base/ascii.h"
#include "base/scan.h"

#define VERSION	   "STSv1"
#define NAME_MAX   32 /* bytes of the name of a field, RFC 8461 3.1 */
#define AGE_DIGITS 10

static bool
is_id(struct span text)
{
	if (text.len == 0 || text.len > STS_ID_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.s[i]))
			return false;
	return true;
}

/* The name of a field that may be added some day. */
static bool
is_name(struct span text)
{
	if (text.len == 0 || text.len > NAME_MAX || !ascii_is_alnum(text.s[0]))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.s[i]) && text.s[i] != '_' &&
		    text.s[i] != '-' && text.s[i] != '.')
			return false;
	return true;
}

/* ---- records ---- */

bool
sts_is_record(struct span text)
{
	return span_starts(text, SPAN("v=" VERSION ";"));
}

/* The value of such a field in a record. */
static bool
is_value(struct span text)
{
	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_printable(text.s[i]) || text.s[i] == ' ' ||
		    text.s[i] == '=')
			return false;
	return true;
}

bool
sts_record_parse(struct span text, struct span *id)
{
	struct span field, rest = span_trim(text);
	bool has_id = false;

	if (!sts_is_record(rest))
		return false;
	rest = span_from(rest, sizeof("v=" VERSION ";") - 1);
	while (span_cut_next(&rest, ';', &field)) {
		size_t equals = span_find(field = span_trim(field), '=');
		struct span name = span_upto(field, equals);
		struct span value = span_from(field, equals + 1);

		if (!is_name(name) || !is_value(value))
			return false;
		if (!span_equal(name, SPAN("id")) || has_id)
			continue;
		if (!is_id(value))
			return false;
		*id = value;
		has_id = true;
	}
	return has_id;
}

/* ---- policies ---- */

static const char *const mode_words[] = {
	[STS_NONE] = "none",
	[STS_TESTING] = "testing",
	[STS_ENFORCE] = "enforce",
};

struct span
sts_mode_word(enum sts_mode mode)
{
	return span_of(mode_words[mode]);
}

bool
sts_mode_parse(struct span word, enum sts_mode *mode)
{
	for (int i = STS_NONE; i <= STS_ENFORCE; i++)
		if (span_equal(word, span_of(mode_words[i]))) {
			*mode = (enum sts_mode)i;
			return true;
		}
	return false;
}

bool
sts_is_host(struct span text)
{
	struct span label;

	if (text.len == 0 || text.len > STS_HOST_MAX ||
	    span_ends(text, SPAN(".")))
		return false;
	while (span_cut_next(&text, '.', &label)) {
		if (label.len == 0)
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!ascii_is_alnum(label.s[i]) && label.s[i] != '-' &&
			    label.s[i] != '_')
				return false;
	}
	return true;
}

static bool
add_host(struct str *hosts, struct span pattern)
{
	if (!sts_is_host(span_starts(pattern, SPAN("*."))
		    ? span_from(pattern, 2)
		    : pattern))
		return false;
	str_add_lower(hosts, pattern);
	str_add_byte(hosts, '\0');
	return true;
}

static bool
take_age(struct sts_policy *policy, struct span digits)
{
	if (digits.len > AGE_DIGITS ||
	    !scan_u64(digits, UINT64_MAX, &policy->max_age))
		return false;
	if (policy->max_age > STS_AGE_MAX)
		policy->max_age = STS_AGE_MAX;
	return true;
}

/* Which keys were there. */
struct seen {
	bool version, mode, age;
};

/* Whether it is the first of this key. */
static bool
is_first(bool *seen)
{
	bool result = !*seen;

	*seen = true;
	return result;
}

static bool
take_key(struct sts_policy *policy, struct seen *seen, struct span key,
    struct span value)
{
	if (span_equal(key, SPAN("mx")))
		return add_host(&policy->hosts, value);
	if (span_equal(key, SPAN("version")))
		return !is_first(&seen->version) ||
		    span_equal(value, SPAN(VERSION));
	if (span_equal(key, SPAN("mode")))
		return !is_first(&seen->mode) ||
		    sts_mode_parse(value, &policy->mode);
	if (span_equal(key, SPAN("max_age")))
		return !is_first(&seen->age) || take_age(policy, value);
	return is_name(key);
}

bool
sts_policy_parse(struct span file, struct sts_policy *policy)
{
	struct seen seen = { false, false, false };
	struct span line;

	str_reset(&policy->hosts);
	if (file.len > STS_POLICY_MAX || span_has(file, '\0'))
		return false;
	while (span_cut_next(&file, '\n', &line)) {
		size_t colon;

		if (span_ends(line, SPAN("\r")))
			line = span_upto(line, line.len - 1);
		line = span_trim_end(line);
		if (line.len == 0)
			continue;
		colon = span_find(line, ':');
		if (colon == line.len ||
		    !take_key(policy, &seen, span_upto(line, colon),
			span_trim(span_from(line, colon + 1))))
			return false;
	}
	return seen.version && seen.mode && seen.age &&
	    (policy->mode == STS_NONE || policy->hosts.len > 0);
}

/* ---- hosts ---- */

static bool
matches_one(struct span pattern, struct span host)
{
	if (!span_starts(pattern, SPAN("*.")))
		return span_equal_nocase(pattern, host);
	/* From the dot on; what is before it is one label. */
	pattern = span_from(pattern, 1);
	return span_find(host, '.') > 0 &&
	    span_equal_nocase(pattern, span_from(host, span_find(host, '.')));
}

bool
sts_matches(struct span hosts, struct span host)
{
	struct span pattern;

	if (span_ends(host, SPAN(".")))
		host = span_upto(host, host.len - 1);
	while (span_cut_next(&hosts, '\0', &pattern))
		if (matches_one(pattern, host))
			return true;
	return false;
}

void
sts_policy_free(struct sts_policy *policy)
{
	str_free(&policy->hosts);
}
