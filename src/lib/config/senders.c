/*
 * senders.c - which addresses are whose.
 * Input: addresses hostile, configuration trusted
 */
#include "config/senders.h"

#include "config/control.h"

#define VIRTUAL_BREAK \
	"-" /* between the name of a virtual domain and the rest */

int
senders_read(struct senders *senders)
{
	const char *culprit;

	return control_read_set("control/senders", ':', &senders->listed) < 0 ||
		routing_read(&senders->routing, &culprit) < 0 ||
		hosts_read(&senders->hosts, "control/rcpthosts",
		    "control/morercpthosts.cdb") < 0
	    ? -1
	    : 0;
}

/* "@DOMAIN"; empty: it has none. */
static struct span
domain_of(struct span address)
{
	return span_from(address, span_find_last(address, '@'));
}

static bool
fits(struct span word, struct span address)
{
	if (span_equal(word, SPAN("*")))
		return true;
	if (word.len && word.s[0] == '@')
		return span_equal_nocase(word, domain_of(address));
	return word.len > 0 && span_equal_nocase(word, address);
}

static bool
is_listed(const struct senders *senders, struct span name, struct span address)
{
	struct span words, word;

	if (!wordset_find(&senders->listed, name, &words))
		return false;
	while (span_cut_next(&words, ' ', &word))
		if (fits(span_trim(word), address))
			return true;
	return false;
}

/* Whether mail for it goes to this name, itself or as that of a virtual
 * domain. */
static bool
is_delivered_to(
    const struct senders *senders, struct span name, struct span address)
{
	struct str place = STR_INIT;
	struct span rest;
	bool is_own = false;

	if (routing_apply(&senders->routing, address, &place)) {
		rest = str_span(&place);
		is_own = span_starts_nocase(rest, name);
		rest = span_from(rest, name.len);
		is_own = is_own &&
		    (span_equal_nocase(rest, domain_of(address)) ||
			(span_starts(rest, SPAN(VIRTUAL_BREAK)) &&
			    span_equal(span_from(rest, 1), address)));
	}
	str_free(&place);
	return is_own;
}

static bool
is_for_another_host(const struct senders *senders, struct span address)
{
	struct str place = STR_INIT;
	bool is_local = routing_apply(&senders->routing, address, &place);

	str_free(&place);
	return !is_local && !senders->hosts.accept_all;
}

int
senders_may(struct senders *senders, struct span name, struct span address)
{
	struct span domain = domain_of(address);

	if (address.len == 0)
		return 1;
	if (domain.len < 2 || name.len == 0)
		return 0;
	if (span_equal_nocase(name, address) ||
	    is_listed(senders, name, address) ||
	    is_delivered_to(senders, name, address))
		return 1;
	if (!span_equal_nocase(
		name, span_upto(address, address.len - domain.len)) ||
	    !is_for_another_host(senders, address))
		return 0;
	return hosts_accept(&senders->hosts, address);
}
