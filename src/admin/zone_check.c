/* zone_check.c - which records of a domain the DNS has, and how.  Input: hostile. */
#include "mail/dmarcrecord.h"
#include "net/dane.h"
#include "net/dmarc.h"
#include "net/dns.h"
#include "zone.h"
#include "zone_judge.h"

#define SHOWN_RECORDS 5	  /* of what is wrong, at most ... */
#define SHOWN_BYTES   200 /* ... and so many bytes of each */

struct check {
	struct str *out;
	const struct zone *zone;
	struct dns dns;
	struct dnsanswer answer; /* the last one */
	struct str shown;	 /* what of it is shown */
	size_t shown_count;
	VEC(struct ip_address) addresses; /* that the DNS has of the host */
	bool is_wrong, is_unsure;
};

/* ---- what is said ---- */

static void
say(struct check *check, const char *word, const char *type, struct span name,
    struct span detail)
{
	str_add_z(check->out, word);
	str_add_byte(check->out, ' ');
	str_add_z(check->out, type);
	str_add_byte(check->out, ' ');
	str_add(check->out, name);
	if (detail.len) {
		str_add_z(check->out, ": ");
		str_add(check->out, detail);
	}
	str_add_byte(check->out, '\n');
}

static void
say_right(struct check *check, const char *type, struct span name)
{
	say(check, "ok", type, name, SPAN(""));
}

static void
say_missing(
    struct check *check, const char *type, struct span name, struct span detail)
{
	check->is_wrong = true;
	say(check, "missing", type, name, detail);
}

/* With what is there. */
static void
say_wrong(
    struct check *check, const char *type, struct span name, const char *why)
{
	struct str detail = STR_INIT;

	check->is_wrong = true;
	str_add_z(&detail, why);
	if (why[0] && check->shown.len)
		str_add_z(&detail, ": ");
	str_add(&detail, str_span(&check->shown));
	say(check, "wrong", type, name, str_span(&detail));
	str_free(&detail);
}

static void
say_unknown(
    struct check *check, const char *type, struct span name, struct span why)
{
	check->is_unsure = true;
	say(check, "unknown", type, name, why);
}

/* Shows one more record of the answer: text in quotes, else as it is. */
static void
show(struct check *check, struct span record, bool is_text)
{
	struct span part = span_upto(record, SHOWN_BYTES);

	if (check->shown_count++ > SHOWN_RECORDS)
		return;
	if (check->shown.len)
		str_add_z(&check->shown, ", ");
	if (check->shown_count > SHOWN_RECORDS) {
		str_add_z(&check->shown, "...");
		return;
	}
	if (is_text)
		zone_add_quoted(&check->shown, part);
	else
		zone_add_plain(&check->shown, part);
	if (part.len < record.len)
		str_add_z(&check->shown, "...");
}

/* ---- what is asked ---- */

/* Asks, and says so if there is no record, or no answer.  Returns whether there is
 * one. */
static bool
ask(struct check *check, const char *label, struct span text,
    enum dns_type type)
{
	struct dnsname name;

	str_reset(&check->shown);
	check->shown_count = 0;
	if (!dnsname_parse(text, &name)) {
		say_unknown(check, label, text, SPAN("this is no name"));
		return false;
	}
	switch (dns_ask(&check->dns, &name, type, &check->answer)) {
	case DNS_FOUND:
		return true;
	case DNS_FAILED:
		say_unknown(
		    check, label, text, SPAN("the DNS does not answer"));
		return false;
	case DNS_NOTHING:
	case DNS_NO_NAME:
		break;
	}
	say_missing(check, label, text, SPAN(""));
	return false;
}

static const struct dnsrecord *
record_at(const struct check *check, size_t i)
{
	return &check->answer.records.list.at[i];
}

/* Whether the name of a record is that of the host; shows it. */
static bool
is_host(struct check *check, size_t i)
{
	struct dnsname host,
	    name = dnspacket_name(
		str_span(&check->answer.packet), record_at(check, i)->at);
	struct str text = STR_INIT;

	dnsname_format(&text, &name);
	show(check, str_span(&text), false);
	str_free(&text);
	return dnsname_parse(str_span(&check->zone->host), &host) &&
	    dnsname_equal(&name, &host);
}

/* ---- the host ---- */

/* Whether one of the records names the host. */
static void
check_host(struct check *check, const char *label, struct span name,
    enum dns_type type)
{
	bool is_there = false;

	if (!ask(check, label, name, type))
		return;
	for (size_t i = 0; i < check->answer.records.list.len; i++)
		if (is_host(check, i))
			is_there = true;
	if (is_there)
		say_right(check, label, name);
	else
		say_wrong(check, label, name, "");
}

static void
check_mx(struct check *check)
{
	check_host(check, "MX", str_span(&check->zone->domain), DNS_MX);
}

/* Keeps the addresses of one family. */
static enum dns_outcome
ask_family(
    struct check *check, const struct dnsname *host, unsigned char family)
{
	enum dns_outcome outcome = dns_ask(
	    &check->dns, host, family == 4 ? DNS_A : DNS_AAAA, &check->answer);

	for (size_t i = 0;
	     outcome == DNS_FOUND && i < check->answer.records.list.len &&
	     check->addresses.len < ZONE_ADDRESSES_MAX;
	     i++)
		vec_push(&check->addresses,
		    ip_make(family,
			check->answer.packet.s + record_at(check, i)->at));
	return outcome;
}

/* The name in an MX is no alias (RFC 2181 10.3). */
static void
check_addresses(struct check *check)
{
	static const unsigned char families[] = { 4, 6 };
	struct span text = str_span(&check->zone->host);
	bool is_alias = false, has_failed = false;
	struct dnsname host;

	must(dnsname_parse(text, &host));
	for (size_t i = 0; i < sizeof(families); i++) {
		enum dns_outcome outcome =
		    ask_family(check, &host, families[i]);

		if (outcome == DNS_FAILED)
			has_failed = true;
		if (outcome == DNS_FOUND &&
		    !dnsname_equal(&check->answer.records.owner, &host))
			is_alias = true;
	}
	str_reset(&check->shown);
	if (is_alias)
		say_wrong(check, "A/AAAA", text,
		    "it is an alias, which a host of an MX must not be");
	else if (has_failed)
		say_unknown(
		    check, "A/AAAA", text, SPAN("the DNS does not answer"));
	else if (check->addresses.len == 0)
		say_missing(check, "A/AAAA", text, SPAN(""));
	else
		say_right(check, "A/AAAA", text);
}

static void
check_reverse(struct check *check)
{
	for (size_t i = 0; i < check->addresses.len; i++) {
		struct str name = STR_INIT;

		ip_add_reverse_name(&name, &check->addresses.at[i]);
		check_host(check, "PTR", str_span(&name), DNS_PTR);
		str_free(&name);
	}
}

/* ---- texts ---- */

/* Exactly one record must be meant, and good.
 *   is_shared   others have records at this name as well */
static void
check_text(struct check *check, const char *label, const char *before,
    const struct str *domain, bool is_shared, zone_judge_function *judge,
    const void *context)
{
	struct str name = STR_INIT, text = STR_INIT;
	size_t meant = 0, good = 0, open = 0, testing = 0;

	str_add_z(&name, before);
	str_add(&name, str_span(domain));
	if (!ask(check, label, str_span(&name), DNS_TXT))
		goto done;
	for (size_t i = 0; i < check->answer.records.list.len; i++) {
		enum zone_meaning meaning;

		str_reset(&text);
		dnspacket_text(&text, str_span(&check->answer.packet),
		    record_at(check, i));
		meaning = judge(&check->dns, str_span(&text), context);
		if (meaning != ZONE_FOREIGN || !is_shared)
			show(check, str_span(&text), true);
		meant += meaning != ZONE_FOREIGN;
		good += meaning == ZONE_GOOD;
		open += meaning == ZONE_OPEN;
		testing += meaning == ZONE_TESTING;
	}
	if (meant == 0 && is_shared)
		say_missing(check, label, str_span(&name), SPAN(""));
	else if (meant > 1)
		say_wrong(check, label, str_span(&name), "more than one");
	else if (open)
		say_wrong(check, label, str_span(&name),
		    "it lets anybody send in this name");
	else if (testing)
		say_wrong(check, label, str_span(&name),
		    "t=y, so that nobody minds a wrong signature");
	else if (good == 0)
		say_wrong(check, label, str_span(&name), "");
	else
		say_right(check, label, str_span(&name));
done:
	str_free(&text);
	str_free(&name);
}

static void
check_keys(struct check *check)
{
	const struct zone *zone = check->zone;

	if (zone->keys.len == 0)
		say_missing(check, "DKIM", str_span(&zone->domain),
		    SPAN("there is no key; qmail-dkimkey makes some"));
	for (size_t i = 0; i < zone->keys.len; i++) {
		const struct zone_key *key = &zone->keys.at[i];
		struct str before = STR_INIT;

		str_add(&before, str_span(&key->selector));
		str_add_z(&before, "._domainkey.");
		if (key->wrong.len) {
			str_add(&before, str_span(&zone->signer));
			say_unknown(check, "DKIM", str_span(&before),
			    str_span(&key->wrong));
		} else {
			check_text(check, "DKIM", str_z(&before), &zone->signer,
			    false, zone_judge_key, key);
		}
		str_free(&before);
	}
}

/* Whether the DNS says that no record of this kind is there; what a wildcard has there is
 * none. */
static bool
is_without(
    struct check *check, const struct dnsname *name, zone_judge_function *judge)
{
	struct str text = STR_INIT;
	bool is_without = true;

	switch (dns_ask(&check->dns, name, DNS_TXT, &check->answer)) {
	case DNS_FAILED:
		return false;
	case DNS_NOTHING:
	case DNS_NO_NAME:
		return true;
	case DNS_FOUND:
		break;
	}
	for (size_t i = 0; i < check->answer.records.list.len; i++) {
		str_reset(&text);
		dnspacket_text(&text, str_span(&check->answer.packet),
		    record_at(check, i));
		if (judge(&check->dns, str_span(&text), NULL) != ZONE_FOREIGN)
			is_without = false;
	}
	str_free(&text);
	return is_without;
}

/* Whether the domain itself says nothing, and one above it says what counts. */
static bool
is_dmarc_above(struct check *check, struct span own)
{
	struct dnsname name;
	struct dmarc walk;
	struct str detail = STR_INIT;
	bool is_above;

	if (!dnsname_parse(own, &name) ||
	    !is_without(check, &name, zone_judge_dmarc))
		return false;
	dmarc_init(&walk, &check->dns);
	dmarc_begin(&walk, str_span(&check->zone->domain));
	is_above = walk.is_policy_known;
	if (is_above) {
		str_add_z(&detail, "that of _dmarc.");
		dnsname_format(&detail, &walk.found.domain);
		str_add_z(&detail, " counts, p=");
		str_add(&detail, dmarc_policy_word(walk.policy));
		say(check, "ok", "DMARC", own, str_span(&detail));
	}
	str_free(&detail);
	dmarc_free(&walk);
	return is_above;
}

static void
check_dmarc(struct check *check)
{
	const struct str *domain = &check->zone->domain;
	struct str name = STR_INIT;

	str_add_z(&name, "_dmarc.");
	str_add(&name, str_span(domain));
	if (!is_dmarc_above(check, str_span(&name)))
		check_text(check, "DMARC", "_dmarc.", domain, true,
		    zone_judge_dmarc, NULL);
	str_free(&name);
}

static void
check_texts(struct check *check)
{
	const struct str *domain = &check->zone->domain;

	check_text(check, "SPF", "", domain, true, zone_judge_spf, NULL);
	if (zone_has_other_helo(check->zone))
		check_text(check, "SPF", "", &check->zone->helo, true,
		    zone_judge_spf, NULL);
	check_keys(check);
	check_dmarc(check);
	check_text(
	    check, "MTA-STS", "_mta-sts.", domain, false, zone_judge_sts, NULL);
	check_text(check, "TLSRPT", "_smtp._tls.", domain, false,
	    zone_judge_reports, NULL);
}

/* ---- certificates ---- */

/* Whether there is a record with this key. */
static bool
has_digest(const struct check *check, const unsigned char digest[ZONE_DIGEST])
{
	struct span ours = span_make((const char *)digest, ZONE_DIGEST);

	for (size_t i = 0; i < check->answer.records.list.len; i++) {
		const struct dnsrecord *record = record_at(check, i);
		struct tlsa tlsa;

		if (tlsa_parse(span_make(check->answer.packet.s + record->at,
				   record->len),
			&tlsa) &&
		    tlsa.usage == TLSA_USAGE_HOST &&
		    tlsa.selector == TLSA_SELECTOR_KEY &&
		    tlsa.matching == TLSA_MATCHING_SHA256 &&
		    span_equal(tlsa.data, ours))
			return true;
	}
	return false;
}

/* Who sends to a host with such records insists on TLS. */
static void
check_no_tlsa(struct check *check, struct span text)
{
	struct dnsname name;

	if (dnsname_parse(text, &name) &&
	    dns_ask(&check->dns, &name, DNS_TLSA, &check->answer) == DNS_FOUND)
		say_wrong(
		    check, "TLSA", text, "there is one, but no certificate");
}

/* Why the key of some certificate is not known; empty: all are. */
static void
find_trouble(const struct zone *zone, struct str *why)
{
	for (size_t i = 0; i < ZONE_CERTIFICATES && why->len == 0; i++) {
		const struct zone_certificate *one = &zone->certificates[i];

		if (!one->is_there || one->wrong.len == 0)
			continue;
		str_add(why, str_span(&one->path));
		str_add_z(why, ": ");
		str_add(why, str_span(&one->wrong));
	}
}

static bool
has_all_digests(const struct check *check)
{
	for (size_t i = 0; i < ZONE_CERTIFICATES; i++)
		if (check->zone->certificates[i].is_there &&
		    !has_digest(check, check->zone->certificates[i].digest))
			return false;
	return true;
}

static void
check_tlsa(struct check *check)
{
	const struct zone *zone = check->zone;
	struct str name = STR_INIT, why = STR_INIT;

	str_reset(&check->shown);
	str_add_z(&name, "_25._tcp.");
	str_add(&name, str_span(&zone->host));
	find_trouble(zone, &why);
	if (!zone->certificates[0].is_there && !zone->certificates[1].is_there)
		check_no_tlsa(check, str_span(&name));
	else if (why.len)
		say_unknown(check, "TLSA", str_span(&name), str_span(&why));
	else if (ask(check, "TLSA", str_span(&name), DNS_TLSA)) {
		if (has_all_digests(check))
			say_right(check, "TLSA", str_span(&name));
		else
			say_wrong(check, "TLSA", str_span(&name),
			    "not the key of our certificate");
	}
	str_free(&why);
	str_free(&name);
}

enum zone_outcome
zone_check(struct str *out, const struct zone *zone)
{
	struct check check = {
		.out = out, .zone = zone, .answer = DNSANSWER_INIT
	};

	dns_open(&check.dns, 0);
	check_mx(&check);
	check_addresses(&check);
	check_reverse(&check);
	check_texts(&check);
	check_tlsa(&check);
	dnsanswer_free(&check.answer);
	str_free(&check.shown);
	vec_free(&check.addresses);
	return check.is_wrong ? ZONE_WRONG
	    : check.is_unsure ? ZONE_UNSURE
			      : ZONE_RIGHT;
}
