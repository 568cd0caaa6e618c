/* spfrecord.c - SPF records.  Input: hostile. */
#include "net/spfrecord.h"

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"
#include "net/spfmacro.h"

#define VERSION "v=spf1"
#define BITS4	32
#define BITS6	128

/* What a mechanism may have behind its name. */
enum argument {
	NOTHING = 0,
	DOMAIN = 1,
	NEEDED = 2, /* the domain */
	LENGTHS = 4,
	NETWORK = 8
};

static const struct mechanism {
	struct span name;
	enum spf_mechanism mechanism;
	unsigned arguments;
} mechanisms[] = {
	{ { "all", 3 }, SPF_ALL, NOTHING },
	{ { "include", 7 }, SPF_INCLUDE, DOMAIN | NEEDED },
	{ { "a", 1 }, SPF_A, DOMAIN | LENGTHS },
	{ { "mx", 2 }, SPF_MX, DOMAIN | LENGTHS },
	{ { "ptr", 3 }, SPF_PTR, DOMAIN },
	{ { "ip4", 3 }, SPF_IP4, NETWORK },
	{ { "ip6", 3 }, SPF_IP6, NETWORK },
	{ { "exists", 6 }, SPF_EXISTS, DOMAIN | NEEDED },
};

static const char *const result_words[] = {
	[SPF_NONE] = "none",
	[SPF_NEUTRAL] = "neutral",
	[SPF_PASS] = "pass",
	[SPF_FAIL] = "fail",
	[SPF_SOFTFAIL] = "softfail",
	[SPF_TEMPERROR] = "temperror",
	[SPF_PERMERROR] = "permerror",
};

struct span
spf_result_word(enum spf_result result)
{
	return span_of(result_words[result]);
}

/* ---- parts of a directive ---- */

/*
 * Takes "/N" off the end of the text.
 *   slashes   1 or 2 are before N
 *   bits      receives N; untouched if nothing like it is there
 * Returns false if N has a zero too much or is more than max.
 */
static bool
cut_length(struct span *text, size_t slashes, unsigned max, unsigned *bits)
{
	size_t slash = span_find_last(*text, '/');
	struct span digits = span_from(*text, slash + 1);
	uint64_t number;

	for (size_t i = 0; i < digits.len; i++)
		if (!ascii_is_digit(digits.s[i]))
			return true;
	if (digits.len == 0 || slash + 1 < slashes ||
	    (slashes == 2 && text->s[slash - 1] != '/'))
		return true;
	if ((digits.len > 1 && digits.s[0] == '0') ||
	    !scan_u64(digits, max, &number))
		return false;
	*bits = (unsigned)number;
	*text = span_upto(*text, slash + 1 - slashes);
	return true;
}

/* Numbers without zeros in front: there is one way to write an address. */
static bool
parse_ip4(struct span text, struct ip_address *address)
{
	struct str again = STR_INIT;
	bool is_same;

	if (!ip_parse(text, address) || address->family != 4)
		return false;
	ip_format(&again, address);
	is_same = span_equal(str_span(&again), text);
	str_free(&again);
	return is_same;
}

static bool
parse_network(struct span text, struct spf_directive *directive)
{
	if (directive->mechanism == SPF_IP4)
		return cut_length(&text, 1, BITS4, &directive->bits4) &&
		    parse_ip4(text, &directive->network);
	return cut_length(&text, 1, BITS6, &directive->bits6) &&
	    ip_parse(text, &directive->network) &&
	    directive->network.family == 6;
}

/* What follows the name of a mechanism. */
static bool
parse_arguments(
    struct span text, unsigned wanted, struct spf_directive *directive)
{
	if (wanted & LENGTHS &&
	    (!cut_length(&text, 2, BITS6, &directive->bits6) ||
		!cut_length(&text, 1, BITS4, &directive->bits4)))
		return false;
	if (text.len == 0)
		return !(wanted & (NEEDED | NETWORK));
	if (text.s[0] != ':')
		return false;
	text = span_from(text, 1);
	if (wanted & NETWORK)
		return parse_network(text, directive);
	directive->domain = text;
	return wanted & DOMAIN && spfmacro_is_domain(text);
}

static enum spf_result
cut_qualifier(struct span *term)
{
	static const enum spf_result results[] = { SPF_PASS, SPF_FAIL,
		SPF_SOFTFAIL, SPF_NEUTRAL };
	size_t at = term->len ? span_find(SPAN("+-~?"), term->s[0]) : 4;

	if (at == 4)
		return SPF_PASS;
	*term = span_from(*term, 1);
	return results[at];
}

static bool
parse_directive(struct span term, struct spf_directive *directive)
{
	size_t len = 0;

	*directive = (struct spf_directive){ .result = cut_qualifier(&term),
		.domain = SPAN(""),
		.bits4 = BITS4,
		.bits6 = BITS6 };
	while (len < term.len && ascii_is_alnum(term.s[len]))
		len++;
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]);
	     i++) {
		const struct mechanism *known = &mechanisms[i];

		if (!span_equal_nocase(span_upto(term, len), known->name))
			continue;
		directive->mechanism = known->mechanism;
		return parse_arguments(
		    span_from(term, len), known->arguments, directive);
	}
	return false;
}

/* ---- modifiers ---- */

/* The name of a modifier, with "=" behind it; empty: the term is none. */
static struct span
modifier_name(struct span term)
{
	size_t len = 0;

	while (len < term.len &&
	    (ascii_is_alpha(term.s[len]) ||
		(len > 0 &&
		    (ascii_is_digit(term.s[len]) ||
			span_has(SPAN("-_."), term.s[len])))))
		len++;
	return len < term.len && term.s[len] == '=' ? span_upto(term, len)
						    : SPAN("");
}

/* Each of those that are known may be there once. */
static bool
take_domain(struct span value, struct span *into)
{
	if (into->len || !spfmacro_is_domain(value))
		return false;
	*into = value;
	return true;
}

static bool
parse_modifier(struct span term, struct span name, struct spf_record *record)
{
	struct span value = span_from(term, name.len + 1);

	if (span_equal_nocase(name, SPAN("redirect")))
		return take_domain(value, &record->redirect);
	if (span_equal_nocase(name, SPAN("exp")))
		return take_domain(value, &record->explanation);
	return spfmacro_is_value(value);
}

/* ---- records ---- */

bool
spfrecord_is(struct span text)
{
	return span_starts_nocase(text, SPAN(VERSION)) &&
	    (text.len == sizeof(VERSION) - 1 ||
		text.s[sizeof(VERSION) - 1] == ' ');
}

/* The next term that is not empty. */
static bool
next_term(struct span *terms, struct span *term)
{
	while (span_cut_next(terms, ' ', term))
		if (term->len)
			return true;
	return false;
}

bool
spfrecord_parse(struct span text, struct spf_record *record)
{
	struct spf_directive directive;
	struct span rest, term, name;

	if (!spfrecord_is(text))
		return false;
	rest = span_from(text, sizeof(VERSION) - 1);
	*record = (struct spf_record){ rest, SPAN(""), SPAN("") };
	while (next_term(&rest, &term)) {
		name = modifier_name(term);
		if (name.len ? !parse_modifier(term, name, record)
			     : !parse_directive(term, &directive))
			return false;
	}
	return true;
}

bool
spfrecord_next(struct span *terms, struct spf_directive *directive)
{
	struct span term;

	while (next_term(terms, &term)) {
		if (modifier_name(term).len)
			continue;
		must(parse_directive(term, directive));
		return true;
	}
	return false;
}
