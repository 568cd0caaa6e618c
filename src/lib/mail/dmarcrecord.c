/* dmarcrecord.c - DMARC records.  Input: hostile. */
#include "mail/dmarcrecord.h"

#include "base/ascii.h"

static const char *const policy_words[] = {
	[DMARC_NONE] = "none",
	[DMARC_QUARANTINE] = "quarantine",
	[DMARC_REJECT] = "reject",
};

struct span
dmarc_policy_word(enum dmarc_policy policy)
{
	return span_of(policy_words[policy]);
}

enum dmarc_policy
dmarc_milder(enum dmarc_policy policy)
{
	return policy == DMARC_REJECT ? DMARC_QUARANTINE : DMARC_NONE;
}

bool
dmarcrecord_next_tag(struct span *rest, struct span *name, struct span *value)
{
	struct span field;
	size_t equals;

	if (!span_cut_next(rest, ';', &field))
		return false;
	equals = span_find(field, '=');
	*value = span_trim(span_from(field, equals + 1));
	*name =
	    equals < field.len ? span_trim(span_upto(field, equals)) : SPAN("");
	return true;
}

/* The version, which is the first tag, with nothing before it. */
static bool
cut_version(struct span *rest)
{
	struct span name, value;

	return span_starts_nocase(*rest, SPAN("v")) &&
	    dmarcrecord_next_tag(rest, &name, &value) &&
	    span_equal_nocase(name, SPAN("v")) &&
	    span_equal(value, SPAN("DMARC1"));
}

/* What the record has of a tag.  Returns false if it is not there. */
static bool
find_tag(struct span text, struct span wanted, struct span *value)
{
	struct span name;

	while (dmarcrecord_next_tag(&text, &name, value))
		if (span_equal_nocase(name, wanted))
			return true;
	return false;
}

/*
 * The policy of a tag.
 *   policy   untouched if the tag is not there, or wrong
 * Returns false if it is wrong.
 */
static bool
take_policy(struct span text, struct span tag, enum dmarc_policy *policy)
{
	struct span value;

	if (!find_tag(text, tag, &value))
		return true;
	for (int i = DMARC_NONE; i <= DMARC_REJECT; i++)
		if (span_equal_nocase(value, span_of(policy_words[i]))) {
			*policy = (enum dmarc_policy)i;
			return true;
		}
	return false;
}

static bool
has_value(struct span text, struct span tag, struct span wanted)
{
	struct span value;

	return find_tag(text, tag, &value) && span_equal_nocase(value, wanted);
}

/* Whether it looks like a URI: a scheme, and something behind it, which is an
 * address behind "mailto:". */
static bool
is_uri(struct span text)
{
	size_t colon = span_find(text, ':');
	struct span scheme = span_upto(text, colon);
	struct span rest = span_from(text, colon + 1);
	size_t at = span_find(rest, '@');

	if (rest.len == 0 || scheme.len == 0 || !ascii_is_alpha(scheme.s[0]))
		return false;
	for (size_t i = 0; i < scheme.len; i++)
		if (!ascii_is_alnum(scheme.s[i]) &&
		    !span_has(SPAN("+-."), scheme.s[i]))
			return false;
	for (size_t i = 0; i < rest.len; i++)
		if (!ascii_is_printable(rest.s[i]) || rest.s[i] == ' ')
			return false;
	return !span_equal_nocase(scheme, SPAN("mailto")) ||
	    (at > 0 && at + 1 < rest.len);
}

/* Whether it says where reports go. */
static bool
wants_reports(struct span text)
{
	struct span list, uri;

	if (!find_tag(text, SPAN("rua"), &list))
		return false;
	while (span_cut_next(&list, ',', &uri))
		if (is_uri(span_trim(uri)))
			return true;
	return false;
}

static enum dmarc_suffix
find_suffix(struct span text)
{
	if (has_value(text, SPAN("psd"), SPAN("y")))
		return DMARC_SUFFIX_YES;
	if (has_value(text, SPAN("psd"), SPAN("n")))
		return DMARC_SUFFIX_NO;
	return DMARC_SUFFIX_UNSAID;
}

bool
dmarcrecord_parse(struct span text, struct dmarc_record *record)
{
	struct span value;
	bool is_sound;

	if (!cut_version(&text))
		return false;
	*record = (struct dmarc_record){
		.suffix = find_suffix(text),
		.is_dkim_strict = has_value(text, SPAN("adkim"), SPAN("s")),
		.is_spf_strict = has_value(text, SPAN("aspf"), SPAN("s")),
		.is_test = has_value(text, SPAN("t"), SPAN("y")),
	};
	is_sound = find_tag(text, SPAN("p"), &value) &&
	    take_policy(text, SPAN("p"), &record->own);
	record->below = record->own;
	is_sound = take_policy(text, SPAN("sp"), &record->below) && is_sound;
	record->nonexistent = record->below;
	is_sound =
	    take_policy(text, SPAN("np"), &record->nonexistent) && is_sound;
	record->is_usable = is_sound || wants_reports(text);
	if (!is_sound)
		record->own = record->below = record->nonexistent = DMARC_NONE;
	return true;
}
