/*
 * routing.c - where a recipient goes.
 * Input: addresses hostile, control files trusted
 */
#include "config/routing.h"

#include <errno.h>

#include "config/control.h"

void
routing_free(struct routing *routing)
{
	wordset_free(&routing->locals);
	wordset_free(&routing->virtualdomains);
	wordset_free(&routing->percenthack);
	str_free(&routing->envnoathost);
}

static int
read_locals(struct routing *routing, const char **culprit)
{
	struct str name = STR_INIT;
	int found;

	*culprit = "control/locals";
	found = control_read_set(*culprit, '\0', &routing->locals);
	if (found == 0) {
		*culprit = "control/me";
		found = control_read_line(*culprit, &name);
		if (found == 0)
			errno = ENOENT;
		if (found > 0 && name.len == 0)
			errno = EINVAL;
		if (name.len)
			wordset_add(
			    &routing->locals, str_span(&name), SPAN(""));
		else
			found = -1; /* without locals all mail would leave */
	}
	str_free(&name);
	return found;
}

static int
read_envnoathost(struct routing *routing, const char **culprit)
{
	int found;

	*culprit = "control/envnoathost";
	found = control_read_line(*culprit, &routing->envnoathost);
	if (found != 0)
		return found;
	*culprit = "control/me";
	found = control_read_line(*culprit, &routing->envnoathost);
	if (found == 0)
		str_set(&routing->envnoathost, SPAN("envnoathost"));
	return found;
}

/* Whether no address can get too long for a channel file. */
static bool
are_words_short(const struct routing *routing)
{
	const struct wordset *domains = &routing->virtualdomains;

	for (size_t i = 0; i < domains->entries.len; i++)
		if (domains->entries.at[i].value_len > ROUTING_WORD_MAX)
			return false;
	return true;
}

int
routing_read(struct routing *routing, const char **culprit)
{
	if (read_locals(routing, culprit) < 0)
		goto failed;
	*culprit = "control/virtualdomains";
	if (control_read_set(
		"control/virtualdomains", ':', &routing->virtualdomains) < 0)
		goto failed;
	if (!are_words_short(routing)) {
		errno = EMSGSIZE;
		goto failed;
	}
	*culprit = "control/percenthack";
	if (control_read_set(
		"control/percenthack", '\0', &routing->percenthack) < 0)
		goto failed;
	if (read_envnoathost(routing, culprit) < 0)
		goto failed;
	if (routing->envnoathost.len > ROUTING_WORD_MAX) {
		errno = EMSGSIZE;
		goto failed;
	}
	return 0;
failed:
	routing_free(routing);
	return -1;
}

/* While the domain has the percent hack: user%host@domain is user@host. */
static void
undo_percents(const struct routing *routing, struct str *address)
{
	for (;;) {
		struct span all = str_span(address);
		size_t at = span_find_last(all, '@');
		size_t percent = span_find_last(span_upto(all, at), '%');

		if (percent == at ||
		    !wordset_find(
			&routing->percenthack, span_from(all, at + 1), NULL))
			return;
		str_cut(address, at);
		address->s[percent] = '@';
	}
}

/* The value for a domain in virtualdomains: itself, .suffixes, then "". */
static bool
find_domain(const struct wordset *virtualdomains, struct span domain,
    struct span *value)
{
	if (wordset_find(virtualdomains, domain, value))
		return true;
	for (size_t i = 1; i < domain.len; i++)
		if (domain.s[i] == '.' &&
		    wordset_find(virtualdomains, span_from(domain, i), value))
			return true;
	return wordset_find(virtualdomains, SPAN(""), value);
}

bool
routing_apply(
    const struct routing *routing, struct span recipient, struct str *address)
{
	struct span prefix, domain;

	str_set(address, recipient);
	if (!span_has(recipient, '@')) {
		str_add_byte(address, '@');
		str_add(address, str_span(&routing->envnoathost));
	}
	undo_percents(routing, address);
	recipient = str_span(address);
	domain = span_from(recipient, span_find_last(recipient, '@') + 1);
	if (wordset_find(&routing->locals, domain, NULL))
		return true;
	if ((wordset_find(&routing->virtualdomains, recipient, &prefix) ||
		find_domain(&routing->virtualdomains, domain, &prefix)) &&
	    prefix.len > 0) {
		struct str whole = STR_INIT;

		str_add(&whole, prefix);
		str_add_byte(&whole, '-');
		str_add(&whole, recipient);
		str_set(address, str_span(&whole));
		str_free(&whole);
		return true;
	}
	return false;
}

struct span
routing_restore(const struct routing *routing, struct span address)
{
	struct span domain =
	    span_from(address, span_find_last(address, '@') + 1);
	struct span prefix;

	if (wordset_find(&routing->locals, domain, NULL) ||
	    !find_domain(&routing->virtualdomains, domain, &prefix) ||
	    prefix.len == 0 || !span_starts(address, prefix) ||
	    address.len <= prefix.len || address.s[prefix.len] != '-')
		return address;
	return span_from(address, prefix.len + 1);
}

void
routing_expand_verp(struct str *text, struct span sender, struct span recipient)
{
	size_t split, at = span_find_last(recipient, '@');
	struct span base;

	if (!span_ends(sender, SPAN("-@[]"))) {
		str_add(text, sender);
		return;
	}
	base = span_upto(sender, sender.len - 4);
	split = span_find_last(base, '@');
	if (split == base.len || at == recipient.len) {
		str_add(text, sender);
		return;
	}
	str_add(text, span_upto(base, split));
	str_add(text, span_upto(recipient, at));
	str_add_byte(text, '=');
	str_add(text, span_from(recipient, at + 1));
	str_add(text, span_from(base, split));
}
