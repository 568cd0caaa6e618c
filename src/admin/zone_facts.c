/* zone_facts.c - what is known here of a domain and its host.  Input: trusted */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/control.h"
#include "config/home.h"
#include "config/routes.h"
#include "mail/dkimkey.h"
#include "mail/sts.h"
#include "net/dnspacket.h"
#include "net/ipme.h"
#include "sys/dir.h"
#include "sys/error.h"
#include "sys/file.h"
#include "zone.h"

#define USAGE_EXIT   100
#define PRIVATE	     ".pem"
#define PUBLIC	     ".txt"
#define ENDING_BYTES 4 /* of either */

/* ---- names ---- */

/* Small letters and A-labels, as a host has them: no path, and nothing that a zone
 * file would have to quote. */
static bool
take_name(struct str *name, struct span text)
{
	struct dnsname wire;

	if (!dnsname_parse(text, &wire) || dnsname_is_root(&wire))
		return false;
	dnsname_lower(&wire);
	dnsname_format(name, &wire);
	return name->len <= ZONE_NAME_MAX && sts_is_host(str_span(name));
}

NORETURN static void
refuse(const char *program, struct span name, const char *what)
{
	fprintf(stderr, "%s: fatal: %.*s is no %s\n", program, (int)name.len,
	    name.s, what);
	_exit(USAGE_EXIT);
}

static void
take_names(struct zone *zone, struct span domain, const char *program)
{
	struct str me = STR_INIT;
	int got;

	if (!take_name(&zone->domain, domain))
		refuse(program, domain, "domain, or too long");
	if (chdir(home_dir) < 0)
		error_exit(program, home_dir);
	got = control_read_line("control/me", &me);
	if (got == 0)
		errno = ENOENT;
	if (got <= 0)
		error_exit(program, "control/me");
	if (!take_name(&zone->host, str_span(&me)))
		refuse(program, str_span(&me), "host, in control/me");
	str_free(&me);
}

bool
zone_has(const struct zone *zone, const struct str *host)
{
	struct dnsname domain, name;

	return dnsname_parse(str_span(&zone->domain), &domain) &&
	    dnsname_parse(str_span(host), &name) &&
	    dnsname_is_within(&name, &domain);
}

bool
zone_has_host(const struct zone *zone)
{
	return zone_has(zone, &zone->host);
}

bool
zone_has_other_helo(const struct zone *zone)
{
	return zone->helo.len &&
	    !span_equal(str_span(&zone->helo), str_span(&zone->domain));
}

/* As qmail-remote says it.  control/bindroutes may name others for some domains. */
static void
take_helo(struct zone *zone, const char *program)
{
	struct str line = STR_INIT;

	if (control_read_line_or_me("control/helohost", &line, NULL) < 0)
		error_exit(program, "control/helohost");
	if (!take_name(&zone->helo, str_span(&line)))
		str_reset(&zone->helo);
	str_free(&line);
}

/* Whether all mail of the domain goes to srsreverse. */
static bool
is_srs_domain(const struct zone *zone, const char *program)
{
	struct str line = STR_INIT, name = STR_INIT;
	bool is_it;

	if (control_read_line("control/srs_domain", &line) < 0)
		error_exit(program, "control/srs_domain");
	is_it = take_name(&name, str_span(&line)) &&
	    span_equal(str_span(&name), str_span(&zone->domain));
	str_free(&line);
	str_free(&name);
	return is_it;
}

/* ---- addresses ---- */

/* Whether the world can reach it: not so loopback, private networks, those of a link
 * or of a provider's own (RFC 6890, RFC 4193). */
static bool
is_public(const struct ip_address *address)
{
	static const struct {
		const char *network;
		unsigned bits;
	} others[] = { { "0.0.0.0", 8 }, { "10.0.0.0", 8 },
		{ "100.64.0.0", 10 }, { "127.0.0.0", 8 }, { "169.254.0.0", 16 },
		{ "172.16.0.0", 12 }, { "192.168.0.0", 16 }, { "::", 96 },
		{ "fc00::", 7 }, { "fe80::", 10 } };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct ip_address network;

		if (ip_parse(span_of(others[i].network), &network) &&
		    ip_is_within(address, &network, others[i].bits))
			return false;
	}
	return true;
}

static void
read_addresses(struct zone *zone, const char *program)
{
	struct ipme me = IPME_INIT;

	if (ipme_read(&me) < 0)
		error_exit(program, "addresses of interfaces");
	for (size_t i = 0; i < me.interfaces.addresses.len &&
	     zone->addresses.len < ZONE_ADDRESSES_MAX;
	     i++) {
		const struct netif_address *one =
		    &me.interfaces.addresses.at[i];
		struct ip_address address = ip_make(one->family, one->bytes);

		if (is_public(&address))
			vec_push(&zone->addresses, address);
	}
	ipme_free(&me);
}

/* How mail of the domain leaves this host. */
static void
read_routes(struct zone *zone, const char *program)
{
	struct routes routes = ROUTES_INIT;
	struct bindroute bind;
	struct route relay;
	struct span text;

	if (routes_read_file(&routes, "control/bindroutes") < 0)
		error_exit(program, "control/bindroutes");
	zone->has_outgoing =
	    routes_find_text(&routes, str_span(&zone->domain), &text) &&
	    bindroute_parse(text, &bind) == 0 &&
	    ip_parse(bind.address, &zone->outgoing) &&
	    is_public(&zone->outgoing);
	if (routes_read_file(&routes, home_smtproutes) < 0)
		error_exit(program, home_smtproutes);
	zone->has_relay = routes_find_text(&routes, SPAN(""), &text) &&
	    route_parse(text, ROUTES_PORT, &relay) == 0 && relay.relay.len > 0;
	routes_free(&routes);
}

/* ---- keys ---- */

static void
add_folder(struct str *path, struct span domain)
{
	str_add_z(path, home_signing_keys);
	str_add_byte(path, '/');
	str_add(path, domain);
}

static void
read_key(const struct zone *zone, struct zone_key *key)
{
	struct dkimkey parsed = DKIMKEY_INIT;
	struct str path = STR_INIT, text = STR_INIT;
	const char *why;
	bool is_lost = false;

	add_folder(&path, str_span(&zone->signer));
	str_add_byte(&path, '/');
	str_add(&path, str_span(&key->selector));
	str_add_z(&path, PUBLIC);
	if (file_read(str_z(&path), &text, DKIMKEY_MAX) < 0) {
		why = error_text(errno);
		is_lost = file_is_missing(errno);
	} else {
		struct span line = str_span(&text), first = SPAN("");

		(void)span_cut_next(&line, '\n', &first);
		str_set(&key->record, first);
		why = line.len ? "it has more than one line"
			       : dkimkey_parse(first, &parsed);
	}
	if (why) {
		str_set(&key->wrong, str_span(&path));
		str_add_z(&key->wrong, ": ");
		str_add_z(&key->wrong, why);
		if (is_lost)
			str_add_z(&key->wrong,
			    "; a key that was brought along needs it,"
			    " see qmail-dkimkey(8)");
	}
	dkimkey_free(&parsed);
	str_free(&text);
	str_free(&path);
}

static bool
has_key(const struct zone *zone, struct span selector)
{
	for (size_t i = 0; i < zone->keys.len; i++)
		if (span_equal(str_span(&zone->keys.at[i].selector), selector))
			return true;
	return false;
}

/* The selector that the name of a file stands for. */
static bool
take_selector(struct span name, struct span *selector)
{
	struct dnsname wire;

	if (name.s[0] == '.' ||
	    (!span_ends(name, SPAN(PRIVATE)) && !span_ends(name, SPAN(PUBLIC))))
		return false;
	*selector = span_upto(name, name.len - ENDING_BYTES);
	return selector->len <= ZONE_SELECTOR_MAX && sts_is_host(*selector) &&
	    dnsname_parse(*selector, &wire);
}

static int
by_selector(const void *a, const void *b)
{
	const struct zone_key *left = a, *right = b;

	return strcmp(str_z(&left->selector), str_z(&right->selector));
}

/* Those of one domain. */
static void
read_keys_of(struct zone *zone, struct span domain, const char *program)
{
	struct str folder = STR_INIT;
	struct span selector;
	struct dir dir;
	const char *name;
	int got;

	str_set(&zone->signer, domain);
	add_folder(&folder, domain);
	if (dir_open(&dir, str_z(&folder)) < 0) {
		if (!file_is_missing(errno))
			error_exit(program, str_z(&folder));
		str_free(&folder);
		return;
	}
	while ((got = dir_next(&dir, &name)) > 0) {
		struct zone_key key = { STR_INIT, STR_INIT, STR_INIT };

		if (!take_selector(span_of(name), &selector) ||
		    has_key(zone, selector))
			continue;
		errno = EFBIG;
		if (zone->keys.len == ZONE_KEYS_MAX)
			error_exit(program, str_z(&folder));
		str_set(&key.selector, selector);
		read_key(zone, &key);
		vec_push(&zone->keys, key);
	}
	if (got < 0)
		error_exit(program, str_z(&folder));
	dir_close(&dir);
	if (zone->keys.len)
		qsort(zone->keys.at, zone->keys.len, sizeof(*zone->keys.at),
		    by_selector);
	str_free(&folder);
}

/* Mail is signed with the keys of the author's domain, or of the nearest above it
 * that has some. */
static void
read_keys(struct zone *zone, const char *program)
{
	struct span domain = str_span(&zone->domain);

	for (; domain.len && zone->keys.len == 0;
	     domain = span_from(domain, span_find(domain, '.') + 1))
		read_keys_of(zone, domain, program);
	if (zone->keys.len == 0)
		str_set(&zone->signer, str_span(&zone->domain));
}

bool
zone_is_signer(const struct zone *zone)
{
	return span_equal(str_span(&zone->signer), str_span(&zone->domain));
}

void
zone_read(struct zone *zone, struct span domain, const char *program)
{
	*zone = (struct zone){ .has_outgoing = false };
	take_names(zone, domain, program);
	take_helo(zone, program);
	zone->is_srs = is_srs_domain(zone, program);
	read_addresses(zone, program);
	read_routes(zone, program);
	read_keys(zone, program);
	str_add_z(&zone->certificates[0].path, "control/servercert.pem");
	str_add_z(&zone->certificates[1].path, "control/tlscerts/");
	str_add(&zone->certificates[1].path, str_span(&zone->host));
	str_add_z(&zone->certificates[1].path, ".pem");
	for (size_t i = 0; i < ZONE_CERTIFICATES; i++)
		zone_read_certificate(&zone->certificates[i]);
}

void
zone_free(struct zone *zone)
{
	str_free(&zone->domain);
	str_free(&zone->host);
	str_free(&zone->helo);
	str_free(&zone->signer);
	vec_free(&zone->addresses);
	for (size_t i = 0; i < zone->keys.len; i++) {
		str_free(&zone->keys.at[i].selector);
		str_free(&zone->keys.at[i].record);
		str_free(&zone->keys.at[i].wrong);
	}
	vec_free(&zone->keys);
	for (size_t i = 0; i < ZONE_CERTIFICATES; i++) {
		str_free(&zone->certificates[i].path);
		str_free(&zone->certificates[i].wrong);
	}
}
