/* tlspolicy.c - what TLS with the hosts of a domain has to be like. */
#include "config/tlspolicy.h"

#include <errno.h>

#include "base/ascii.h"

static const struct {
	const char *word;
	enum tlspolicy_kind kind;
} kinds[] = {
	{ "none", TLSPOLICY_NONE },
	{ "may", TLSPOLICY_MAY },
	{ "encrypt", TLSPOLICY_ENCRYPT },
	{ "verify", TLSPOLICY_VERIFY },
	{ "fingerprint", TLSPOLICY_FINGERPRINT },
};

static bool
find_kind(struct span word, enum tlspolicy_kind *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (span_equal_nocase(word, span_of(kinds[i].word))) {
			*kind = kinds[i].kind;
			return true;
		}
	return false;
}

/* The digits of a digest, which may have colons between its bytes. */
static bool
add_digest(struct str *text, struct span word)
{
	size_t len = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.s[i] == ':')
			continue;
		if (ascii_hex_value(word.s[i]) < 0)
			return false;
		str_add_byte(text, word.s[i]);
		len++;
	}
	return len == TLSPOLICY_DIGITS;
}

/* Copies the words to policy->text, each with a blank behind it. */
static bool
copy_words(struct span rest, struct tlspolicy *policy)
{
	struct span word;

	while (span_cut_next(&rest, ' ', &word)) {
		if (word.len == 0)
			continue;
		if (policy->kind != TLSPOLICY_FINGERPRINT)
			str_add(&policy->text, word);
		else if (!add_digest(&policy->text, word))
			return false;
		str_add_byte(&policy->text, ' ');
	}
	return true;
}

int
tlspolicy_parse(struct span text, struct tlspolicy *policy)
{
	size_t end = span_find(text, ' ');
	struct span rest, word;

	if (!find_kind(span_upto(text, end), &policy->kind) ||
	    !copy_words(span_from(text, end), policy))
		goto invalid;
	rest = str_span(&policy->text);
	while (span_cut_next(&rest, ' ', &word))
		vec_push(&policy->values, word);
	if (policy->kind < TLSPOLICY_VERIFY && policy->values.len)
		goto invalid;
	if (policy->kind == TLSPOLICY_FINGERPRINT && policy->values.len == 0)
		goto invalid;
	return 0;
invalid:
	errno = EINVAL;
	return -1;
}

void
tlspolicy_free(struct tlspolicy *policy)
{
	vec_free(&policy->values);
	str_free(&policy->text);
}
