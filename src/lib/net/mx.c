/* mx.c - the addresses at which a domain takes mail.  Input: hostile. */
#include "net/mx.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/random.h"

static int
compare_hosts(const void *left, const void *right)
{
	const struct mx_host *a = left, *b = right;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return (a->luck > b->luck) - (a->luck < b->luck);
}

/* Puts the MX hosts in order and drops those that are too many. */
static void
take_hosts(struct mx *mx, const struct dnsanswer *answer)
{
	uint64_t seed = random_u64();

	mx->is_list = true;
	for (size_t i = 0; i < answer->records.list.len; i++) {
		const struct dnsrecord *at = &answer->records.list.at[i];
		struct mx_host host = {
			.preference = at->preference,
			.luck =
			    (uint32_t)((seed ^ i) * 0x9e3779b97f4a7c15u >> 32),
			.name =
			    dnspacket_name(str_span(&answer->packet), at->at),
		};

		dnsname_lower(&host.name);
		host.last_name = host.name;

		vec_push(&mx->hosts, host);
	}
	if (mx->hosts.len)
		qsort(mx->hosts.at, mx->hosts.len, sizeof(mx->hosts.at[0]),
		    compare_hosts);
	if (mx->hosts.len > MX_HOSTS_MAX)
		mx->hosts.len = MX_HOSTS_MAX;
	mx->is_null =
	    mx->hosts.len == 1 && dnsname_is_root(&mx->hosts.at[0].name);
}

static void
add_address(struct mx *mx, const struct ip_address *ip, size_t host)
{
	struct mx_address address = { *ip, host };

	if (!mx->is_relay && ipme_is_own(&mx->me, ip))
		mx->is_own = true;
	else if (mx->addresses.len < MX_ADDRESSES_MAX)
		vec_push(&mx->addresses, address);
}

static bool
parse_address(struct span text, struct ip_address *address)
{
	return ip_parse(text, address) || ip_parse_literal(text, address);
}

/* Whether the name is an alias, and that is secure, wherever it leads to: then
 * that may be outside of what DNSSEC covers (RFC 7672 2.1.3).  What cannot be told
 * may be so: else who hinders the answer could have the host trusted less. */
static bool
is_secure_alias(struct mx *mx, const struct dnsname *name)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	enum dns_outcome outcome = dns_ask(mx->dns, name, DNS_CNAME, &answer);
	bool result =
	    outcome == DNS_FAILED || (outcome == DNS_FOUND && answer.is_secure);

	dnsanswer_free(&answer);
	return result;
}

/* What an answer with addresses tells of a host. */
static void
take_security(
    struct mx *mx, struct mx_host *host, const struct dnsanswer *answer)
{
	struct dnsname owner = answer->records.owner;

	dnsname_lower(&owner);
	if (!mx->is_secure || host->is_secure)
		return;
	host->is_secure = answer->is_secure;
	if (answer->is_secure)
		host->last_name = owner;
	else if (!dnsname_equal(&owner, &host->name))
		host->is_secure = is_secure_alias(mx, &host->name);
}

/* Adds the addresses of one family.  DNS_FAILED and so on: why none. */
static enum dns_outcome
add_family(struct mx *mx, size_t index, enum dns_type type)
{
	struct mx_host *host = &mx->hosts.at[index];
	struct dnsanswer answer = DNSANSWER_INIT;
	enum dns_outcome outcome = dns_ask(mx->dns, &host->name, type, &answer);

	for (size_t i = 0; outcome == DNS_FOUND && i < answer.records.list.len;
	     i++) {
		size_t at = answer.records.list.at[i].at;
		struct ip_address address =
		    ip_make(type == DNS_AAAA ? 6 : 4, answer.packet.s + at);

		add_address(mx, &address, index);
	}
	if (outcome == DNS_FOUND)
		take_security(mx, host, &answer);
	dnsanswer_free(&answer);
	return outcome;
}

/* Adds all addresses of a host, and notes what hinders. */
static void
add_host_addresses(struct mx *mx, size_t index)
{
	enum dns_outcome four, six = DNS_NOTHING;
	struct ip_address address;
	struct str text = STR_INIT;
	bool is_literal;

	dnsname_format(&text, &mx->hosts.at[index].name);
	is_literal = parse_address(str_span(&text), &address);
	str_free(&text);
	if (is_literal) {
		add_address(mx, &address, index);
		return;
	}
	four = add_family(mx, index, DNS_A);
	if (four != DNS_NO_NAME && mx->is_six)
		six = add_family(mx, index, DNS_AAAA);
	if (four != DNS_FOUND && six != DNS_FOUND &&
	    (four == DNS_FAILED || six == DNS_FAILED))
		mx->is_any_failed = true;
	/* That an MX host is missing says nothing on the domain. */
	if (four == DNS_NO_NAME && !mx->is_list)
		mx->is_missing = true;
}

/* Whether IPv6 addresses can be of use: there is an interface with one. */
static bool
has_six(const struct ipme *me)
{
	for (size_t i = 0; i < me->interfaces.addresses.len; i++)
		if (me->interfaces.addresses.at[i].family == 6)
			return true;
	return false;
}

static void
init(struct mx *mx, struct dns *dns, bool is_relay)
{
	*mx = (struct mx){ .dns = dns, .is_relay = is_relay, .is_six = true };
	if (is_relay)
		return;
	mx->is_any_failed = ipme_read(&mx->me) < 0;
	mx->is_six = has_six(&mx->me);
}

/* The host itself is the only one of its list. */
static void
take_host_itself(struct mx *mx, const struct dnsname *name)
{
	struct mx_host host = { .name = *name };

	dnsname_lower(&host.name);
	host.last_name = host.name;
	vec_push(&mx->hosts, host);
}

void
mx_open(struct mx *mx, struct dns *dns, struct span host)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct ip_address address;
	struct dnsname name;

	init(mx, dns, false);
	if (mx->is_any_failed)
		return;
	if (parse_address(host, &address)) {
		add_address(mx, &address, MX_NO_HOST);
		return;
	}
	if (!dnsname_parse(host, &name)) {
		mx->is_missing = true;
		return;
	}
	switch (dns_ask(dns, &name, DNS_MX, &answer)) {
	case DNS_FOUND:
		take_hosts(mx, &answer);
		break;
	case DNS_NOTHING:
		take_host_itself(mx, &name);
		break;
	case DNS_NO_NAME:
		mx->is_missing = true;
		break;
	case DNS_FAILED:
		mx->is_any_failed = true;
		break;
	}
	mx->is_secure = answer.is_secure;
	dnsanswer_free(&answer);
}

void
mx_open_relay(struct mx *mx, struct dns *dns, struct span host)
{
	struct ip_address address;
	struct dnsname name;

	init(mx, dns, true);
	if (parse_address(host, &address))
		add_address(mx, &address, MX_NO_HOST);
	else if (dnsname_parse(host, &name)) {
		take_host_itself(mx, &name);
		/* Nothing leads there but the administrator's word. */
		mx->is_secure = dns_is_trusted(dns);
	} else
		mx->is_missing = true;
}

/* The place of the first address of this family from start on. */
static size_t
find_family(const struct mx *mx, size_t start, unsigned char family)
{
	while (start < mx->addresses.len &&
	    mx->addresses.at[start].ip.family != family)
		start++;
	return start;
}

/* Lets the families take turns, IPv4 first, as long as there are both. */
static void
interleave(struct mx *mx)
{
	size_t count = mx->addresses.len;

	for (size_t i = 0; i < count; i++) {
		size_t from = find_family(mx, i, i % 2 ? 6 : 4);
		struct mx_address address;

		if (from == count)
			return;
		address = mx->addresses.at[from];
		memmove(&mx->addresses.at[i + 1], &mx->addresses.at[i],
		    (from - i) * sizeof(address));
		mx->addresses.at[i] = address;
	}
}

/* Looks up the hosts of the next preference. */
static void
take_preference(struct mx *mx)
{
	unsigned preference = mx->hosts.at[mx->next_host].preference;

	mx->addresses.len = mx->next_address = 0;
	while (mx->next_host < mx->hosts.len) {
		const struct mx_host *host = &mx->hosts.at[mx->next_host];

		if (host->preference != preference)
			break;
		if (!dnsname_is_root(&host->name))
			add_host_addresses(mx, mx->next_host);
		mx->next_host++;
	}
	interleave(mx);
}

bool
mx_next(struct mx *mx, struct ip_address *address)
{
	for (;;) {
		if (mx->is_own)
			return false;
		if (mx->next_address < mx->addresses.len) {
			*address = mx->addresses.at[mx->next_address++].ip;
			mx->is_any_given = true;
			return true;
		}
		if (mx->next_host >= mx->hosts.len)
			return false;
		take_preference(mx);
	}
}

const struct mx_host *
mx_host(const struct mx *mx)
{
	size_t host;

	must(mx->next_address > 0);
	host = mx->addresses.at[mx->next_address - 1].host;
	return host == MX_NO_HOST ? NULL : &mx->hosts.at[host];
}

enum mx_outcome
mx_outcome(const struct mx *mx)
{
	if (mx->is_any_given)
		return MX_TRIED;
	if (mx->is_any_failed)
		return MX_FAILED;
	if (mx->is_own)
		return MX_OWN;
	if (mx->is_null)
		return MX_NULL;
	return mx->is_missing ? MX_NO_NAME : MX_NO_ADDRESS;
}

void
mx_close(struct mx *mx)
{
	ipme_free(&mx->me);
	vec_free(&mx->hosts);
	vec_free(&mx->addresses);
}
