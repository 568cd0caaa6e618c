/*
 * senders.c - which addresses are whose.
 * Input: addresses hostile, configuration trusted
 */
#include "config/senders.h"

#include <errno.h>

#include "config/control.h"

#define VIRTUAL_BREAK \
	"-" /* between the name of a virtual domain and the rest */

int
senders_read(struct senders *senders)
{
	const char *culprit;

	if (cdb_open(&senders->database, "control/moresenders.cdb") < 0 &&
	    errno != ENOENT)
		return -1;
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
has_fitting(struct span words, struct span address)
{
	struct span word;

	while (span_cut_next(&words, ' ', &word))
		if (fits(span_trim(word), address))
			return true;
	return false;
}

static bool
is_listed(const struct senders *senders, struct span name, struct span address)
{
	struct span words;

	return wordset_find(&senders->listed, name, &words) &&
	    has_fitting(words, address);
}

/* Likewise in the database, whose keys are in lower case.  1, 0; -1 with errno. */
static int
is_in_database(
    const struct senders *senders, struct span name, struct span address)
{
	struct str lower = STR_INIT, words = STR_INIT;
	int result;

	if (senders->database.fd == -1)
		return 0;
	str_add_lower(&lower, name);
	result = cdb_find(&senders->database, str_span(&lower), &words);
	if (result > 0)
		result = has_fitting(str_span(&words), address);
	str_free(&lower);
	str_free(&words);
	return result;
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
	int is_more;

	if (address.len == 0)
		return 1;
	if (domain.len < 2 || name.len == 0)
		return 0;
	if (span_equal_nocase(name, address) ||
	    is_listed(senders, name, address) ||
	    is_delivered_to(senders, name, address))
		return 1;
	is_more = is_in_database(senders, name, address);
	if (is_more != 0)
		return is_more;
	if (!span_equal_nocase(
		name, span_upto(address, address.len - domain.len)) ||
	    !is_for_another_host(senders, address))
		return 0;
	return hosts_accept(&senders->hosts, address);
}
