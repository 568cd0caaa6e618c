/*
 * hostrules.c - how the hosts of addresses are completed and changed.
 * Input: rules trusted, hosts hostile
 */
#include "mail/hostrules.h"

#include <stdbool.h>

static void
add_rule(struct str *rules, const char *start, struct span value)
{
	str_add_z(rules, start);
	str_add(rules, value);
	str_add_byte(rules, '\n');
}

void
hostrules_add_completion(struct str *rules, struct span default_host,
    struct span plus_domain, struct span default_domain)
{
	add_rule(rules, "=:", default_host);
	add_rule(rules, "*+:.", plus_domain);
	add_rule(rules, "?:.", default_domain);
}

void
hostrules_add_defaults(struct str *rules, struct span default_host,
    struct span plus_domain, struct span default_domain)
{
	add_rule(rules, "*.:", SPAN(""));
	hostrules_add_completion(
	    rules, default_host, plus_domain, default_domain);
}

static bool
is_bare(struct span host)
{
	return !span_has(host, '.') && !span_has(host, '[');
}

/* Puts a new end in the place of what follows the first len bytes. */
static void
set_end(struct str *host, size_t len, struct span end)
{
	str_cut(host, len);
	str_add(host, end);
}

static void
apply_one(struct span rule, struct str *host)
{
	size_t colon = span_find(rule, ':');
	struct span old, new = span_from(rule, colon + 1);
	size_t front;

	if (colon == 0 || colon == rule.len)
		return;
	old = span_from(span_upto(rule, colon), 1);
	if (!span_ends_nocase(str_span(host), old))
		return;
	front = host->len - old.len;
	switch (rule.s[0]) {
	case '=':
		if (front == 0)
			str_set(host, new);
		break;
	case '*':
		set_end(host, front, new);
		break;
	case '?':
		if (is_bare(span_upto(str_span(host), front)))
			set_end(host, front, new);
		break;
	case '-':
		str_set(host, new);
		break;
	default:
		break;
	}
}

void
hostrules_apply(struct span rules, struct str *host)
{
	struct span rule;

	while (span_cut_next(&rules, '\n', &rule))
		apply_one(rule, host);
}

void
hostrules_apply_to_address(struct span rules, struct str *address)
{
	struct str host = STR_INIT;
	size_t at;

	if (address->len == 0)
		return;
	at = span_find_last(str_span(address), '@');
	str_set(&host, span_from(str_span(address), at + 1));
	hostrules_apply(rules, &host);
	str_cut(address, at);
	if (host.len) {
		str_add_byte(address, '@');
		str_add(address, str_span(&host));
	}
	str_free(&host);
}
