/*
 * inject_address.c - complete addresses, and who sends.
 * Input: hostile
 */
#include "inject_parts.h"

#include <unistd.h>

#include "inject_fail.h"
#include "mail/quote.h"

static bool
ends_in(const struct token822_list *address, enum token822_type type)
{
	size_t len = address->tokens.len;

	return len > 0 && address->tokens.at[len - 1].type == type;
}

/* addresses(5): #@[] and senders that end in -@[] stay as they are. */
static bool
ends_in_empty_literal(const struct token822_list *address)
{
	size_t len = address->tokens.len;

	return len >= 2 && ends_in(address, TOKEN822_LITERAL) &&
	    address->tokens.at[len - 1].text.len == 0 &&
	    address->tokens.at[len - 2].type == TOKEN822_AT;
}

static bool
is_host_complete(const struct token822_list *address)
{
	for (size_t i = address->tokens.len; i-- > 0;)
		switch (address->tokens.at[i].type) {
		case TOKEN822_DOT:
		case TOKEN822_LITERAL:
			return true;
		case TOKEN822_AT:
			return false;
		default:
			break;
		}
	return false;
}

/* On a machine whose name has no dot that is the default domain as well. */
static bool
is_in_default_domain(
    const struct inject_hosts *hosts, const struct token822_list *address)
{
	size_t len = address->tokens.len;

	return len >= 2 && ends_in(address, TOKEN822_ATOM) &&
	    address->tokens.at[len - 2].type == TOKEN822_AT &&
	    span_equal_nocase(address->tokens.at[len - 1].text,
		str_span(&hosts->default_domain));
}

/* Takes the + at the end off.  Returns whether there was one. */
static bool
drop_plus(struct token822_list *address)
{
	struct token822 *last;

	if (!ends_in(address, TOKEN822_ATOM))
		return false;
	last = &address->tokens.at[address->tokens.len - 1];
	if (!span_ends(last->text, SPAN("+")))
		return false;
	if (!last->is_plain && span_ends(last->text, SPAN("\\+")))
		return false;
	last->text.len--;
	return true;
}

static void
add_special(struct token822_list *list, enum token822_type type)
{
	token822_list_add(list, token822_plain(type, SPAN("")));
}

void
inject_address_complete(
    const struct inject_hosts *hosts, struct token822_list *address)
{
	if (ends_in_empty_literal(address))
		return;
	if (ends_in(address, TOKEN822_AT))
		address->tokens.len--;
	if (ends_in(address, TOKEN822_DOT))
		address->tokens.len--;
	if (address->tokens.len == 0)
		return;
	if (!token822_list_has(address, TOKEN822_AT)) {
		add_special(address, TOKEN822_AT);
		token822_list_add_list(address, &hosts->default_host_tokens);
	}
	if (drop_plus(address)) {
		add_special(address, TOKEN822_DOT);
		token822_list_add_list(address, &hosts->plus_domain_tokens);
	}
	if (!is_host_complete(address) &&
	    !is_in_default_domain(hosts, address)) {
		add_special(address, TOKEN822_DOT);
		token822_list_add_list(address, &hosts->default_domain_tokens);
	}
}

void
inject_address_argument(const struct inject_hosts *hosts, struct span argument,
    struct str *envelope)
{
	struct token822_list address = TOKEN822_LIST_INIT;
	size_t at = span_find_last(argument, '@');

	if (argument.len == 0)
		return;
	token822_list_add(
	    &address, token822_plain(TOKEN822_QUOTED, span_upto(argument, at)));
	if (token822_list_parse(&address, span_from(argument, at)) < 0 ||
	    token822_list_has(&address, TOKEN822_COMMA))
		inject_fail(FAULT_ADDRESS_SYNTAX, argument);
	inject_address_complete(hosts, &address);
	token822_list_add_plain(envelope, &address);
	vec_free(&address.tokens);
}

/* Splits a host name of the environment; [1.2.3.4] is a literal. */
static void
add_host(struct token822_list *address, struct span host)
{
	struct span part;

	if (span_starts(host, SPAN("[")) && span_ends(host, SPAN("]")) &&
	    host.len >= 2) {
		token822_list_add(address,
		    token822_plain(TOKEN822_LITERAL,
			span_upto(span_from(host, 1), host.len - 2)));
		return;
	}
	while (host.len > 0) {
		size_t dot = span_find(host, '.');

		part = span_upto(host, dot);
		if (part.len > 0)
			token822_list_add(
			    address, token822_plain(TOKEN822_ATOM, part));
		if (dot < host.len)
			add_special(address, TOKEN822_DOT);
		host = span_from(host, dot + 1);
	}
}

void
inject_address_origin(const struct inject_hosts *hosts, struct span user,
    const struct str *host, struct token822_list *address)
{
	token822_list_add(address,
	    token822_plain(
		quote_is_needed(user) ? TOKEN822_QUOTED : TOKEN822_ATOM, user));
	if (host) {
		add_special(address, TOKEN822_AT);
		add_host(address, str_span(host));
	}
	inject_address_complete(hosts, address);
}

/* envelopes(5): a sender of its own for each message, each recipient. */
static void
add_verp(const struct inject_letter *letter, struct str *user)
{
	if (letter->wishes.verp_message) {
		str_add_byte(user, '-');
		str_add_u64(user, letter->now / 1000000);
		str_add_byte(user, '.');
		str_add_u64(user, (uint64_t)getpid());
	}
	if (letter->wishes.verp_recipient)
		str_add_byte(user, '-');
}

void
inject_address_default_sender(struct inject_letter *letter)
{
	const struct inject_origin *origin = &letter->origin;
	struct token822_list address = TOKEN822_LIST_INIT;
	struct str user = STR_INIT;

	str_add(&user, str_span(&origin->sender_user));
	add_verp(letter, &user);
	inject_address_origin(&letter->hosts, str_span(&user),
	    origin->has_sender_host ? &origin->sender_host : NULL, &address);
	str_reset(&letter->sender);
	token822_list_add_plain(&letter->sender, &address);
	letter->has_sender = true;
	vec_free(&address.tokens);
	str_free(&user);
}
