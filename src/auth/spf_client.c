/* spf_client.c - names of a client.  Input: hostile. */
#include "spf_client.h"

#include "base/must.h"
#include "sys/clock.h"

enum dns_outcome
spf_client_ask(const struct spf_client *client, struct dns *dns,
    const struct dnsname *name, unsigned bits, bool *is_within)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	unsigned char family = client->address.family;
	enum dns_outcome outcome =
	    dns_ask(dns, name, family == 4 ? DNS_A : DNS_AAAA, &answer);

	*is_within = false;
	for (size_t i = 0; outcome == DNS_FOUND && i < answer.records.list.len;
	     i++) {
		struct ip_address address = ip_make(
		    family, answer.packet.s + answer.records.list.at[i].at);

		if (ip_is_within(&client->address, &address, bits))
			*is_within = true;
	}
	dnsanswer_free(&answer);
	return outcome;
}

/* The time of one question about the names. */
struct share {
	int64_t deadline; /* of all others, to be put back */
	int64_t left; /* when it began: half of that is for it (net/dns.h) */
};

/* Leaves a question about the names their share of the time. */
static struct share
begin_share(struct spf_client *client, struct dns *dns)
{
	struct share share = { .deadline = dns->deadline };

	if (client->until == 0)
		client->until =
		    clock_monotonic() + dns_time_left(dns) / SPF_CLIENT_SHARE;
	dns->deadline = client->until;
	share.left = dns_time_left(dns);
	return share;
}

/* The question had its outcome. */
static void
end_share(struct spf_client *client, struct dns *dns, const struct share *share,
    enum dns_outcome outcome)
{
	/* A server that fails at once is none that would answer later. */
	if (outcome == DNS_FAILED && dns_time_left(dns) <= share->left / 2)
		client->is_late = true;
	dns->deadline = share->deadline;
}

static enum dns_outcome
ask_for_names(struct spf_client *client, struct dns *dns,
    const struct dnsname *reverse, struct dnsanswer *answer)
{
	struct share share = begin_share(client, dns);
	enum dns_outcome outcome = dns_ask(dns, reverse, DNS_PTR, answer);

	end_share(client, dns, &share, outcome);
	return outcome;
}

/* Asks for the names, once. */
static void
ask_names(struct spf_client *client, struct dns *dns)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str text = STR_INIT;
	struct dnsname name;

	if (client->is_asked)
		return;
	client->is_asked = true;
	ip_add_reverse_name(&text, &client->address);
	must(dnsname_parse(str_span(&text), &name));
	switch (ask_for_names(client, dns, &name, &answer)) {
	case DNS_FOUND:
		for (size_t i = 0; i < answer.records.list.len &&
		     client->count < SPF_NAMES_MAX;
		     i++)
			client->names[client->count++].name =
			    dnspacket_name(str_span(&answer.packet),
				answer.records.list.at[i].at);
		break;
	case DNS_NOTHING:
	case DNS_NO_NAME:
		client->is_nobody = true;
		break;
	case DNS_FAILED:
		break;
	}
	str_free(&text);
	dnsanswer_free(&answer);
}

static bool
is_valid(struct spf_client *client, struct dns *dns, size_t i)
{
	struct spf_client_name *name = &client->names[i];

	if (!name->is_asked && !dnsname_is_root(&name->name)) {
		struct share share = begin_share(client, dns);

		/* Failed: not valid. */
		end_share(client, dns, &share,
		    spf_client_ask(
			client, dns, &name->name, 128, &name->is_valid));
	}
	name->is_asked = true;
	return name->is_valid;
}

bool
spf_client_is_in(
    struct spf_client *client, struct dns *dns, const struct dnsname *domain)
{
	ask_names(client, dns);
	for (size_t i = 0; i < client->count; i++)
		if (dnsname_is_within(&client->names[i].name, domain) &&
		    is_valid(client, dns, i))
			return true;
	return false;
}

/* How well a name fits, from 0. */
static int
rank(const struct dnsname *name, const struct dnsname *domain)
{
	if (dnsname_equal(name, domain))
		return 0;
	return dnsname_is_within(name, domain) ? 1 : 2;
}

void
spf_client_add_name(struct spf_client *client, struct dns *dns,
    const struct dnsname *domain, struct str *text)
{
	ask_names(client, dns);
	for (int wanted = 0; wanted <= 2; wanted++)
		for (size_t i = 0; i < client->count; i++)
			if (rank(&client->names[i].name, domain) == wanted &&
			    is_valid(client, dns, i)) {
				dnsname_format(text, &client->names[i].name);
				return;
			}
	str_add_z(text, "unknown");
}
