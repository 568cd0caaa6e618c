/* zone_print.c - all records of a domain, as a part of a zone file.  Input: trusted */
#include "mail/date.h"
#include "sys/clock.h"
#include "zone.h"

#define LIFE "3600" /* seconds that others may keep a record */

/* ---- lines ---- */

static void
comment(struct str *out, const char *text)
{
	str_add_z(out, "; ");
	str_add_z(out, text);
	str_add_byte(out, '\n');
}

/* The name of a record, and what kind it is; what follows is for the caller. */
static void
begin(struct str *out, const char *before, struct span name, const char *type)
{
	str_add_z(out, before);
	str_add(out, name);
	str_add_z(out, ". " LIFE " IN ");
	str_add_z(out, type);
	str_add_byte(out, ' ');
}

static void
add_text(
    struct str *out, const char *before, struct span name, struct span text)
{
	begin(out, before, name, "TXT");
	zone_add_quoted(out, text);
	str_add_byte(out, '\n');
}

/* A policy with the address where reports go: one that somebody reads. */
static void
add_reports(struct str *out, const struct zone *zone, const char *before,
    const char *text)
{
	struct str record = STR_INIT;

	str_add_z(&record, text);
	str_add_z(&record, "rua=mailto:postmaster@");
	str_add(&record, str_span(zone->is_srs ? &zone->host : &zone->domain));
	add_text(out, before, str_span(&zone->domain), str_span(&record));
	str_free(&record);
}

/* Who has to read reports, before them. */
static void
comment_reports(struct str *out, const struct zone *zone)
{
	str_add_z(out, "; Reports go to postmaster@");
	str_add(out, str_span(zone->is_srs ? &zone->host : &zone->domain));
	str_add_z(out,
	    zone->is_srs ? ": at this domain qmail-srsd has all mail.\n"
			 : ": somebody has to read them there.\n");
}

/* What begins a record of the host: it is a comment where that belongs to another
 * zone. */
static const char *
of_host(const struct zone *zone)
{
	return zone_has_host(zone) ? "" : ";";
}

static void
comment_other_zone(struct str *out, const struct zone *zone)
{
	if (!zone_has_host(zone))
		comment(
		    out, "These belong to the zone of that host, not here.");
}

/* ---- the host ---- */

static void
print_mx(struct str *out, const struct zone *zone)
{
	comment(
	    out, "MX: mail for the domain comes to this host (control/me).");
	begin(out, "", str_span(&zone->domain), "MX");
	str_add_z(out, "10 ");
	str_add(out, str_span(&zone->host));
	str_add_z(out, ".\n");
}

static void
print_addresses(struct str *out, const struct zone *zone)
{
	comment(out, "A, AAAA: where that host is, as its interfaces have it.");
	comment_other_zone(out, zone);
	for (size_t i = 0; i < zone->addresses.len; i++) {
		const struct ip_address *address = &zone->addresses.at[i];

		begin(out, of_host(zone), str_span(&zone->host),
		    address->family == 4 ? "A" : "AAAA");
		ip_format(out, address);
		str_add_byte(out, '\n');
	}
	if (zone->addresses.len == 0) {
		comment(out,
		    "They have none that the world can reach: put in the one that does.");
		begin(out, ";", str_span(&zone->host), "A");
		str_add_z(out, "ADDRESS\n");
	}
}

static void
add_reverse(struct str *out, const struct zone *zone, struct span name)
{
	begin(out, ";", name, "PTR");
	str_add(out, str_span(&zone->host));
	str_add_z(out, ".\n");
}

static void
print_reverse(struct str *out, const struct zone *zone)
{
	comment(
	    out, "PTR: the way back, from address to name.  Who gives you the");
	comment(out, "addresses puts it in; many hosts take no mail without.");
	for (size_t i = 0; i < zone->addresses.len; i++) {
		struct str name = STR_INIT;

		ip_add_reverse_name(&name, &zone->addresses.at[i]);
		add_reverse(out, zone, str_span(&name));
		str_free(&name);
	}
	if (zone->addresses.len == 0)
		add_reverse(out, zone, SPAN("ADDRESS.in-addr.arpa"));
}

/* ---- who sends ---- */

/* RFC 7208 2.3: of a bounce, which has no sender, nothing else can be checked. */
static void
print_spf_of_host(struct str *out, const struct zone *zone)
{
	struct str record = STR_INIT;

	comment(out,
	    "SPF of the name that this host says in HELO (control/helohost): it alone");
	comment(out, "uses it.  Bounces have no other name to be checked.");
	if (!zone_has(zone, &zone->helo))
		comment(out, "It belongs to the zone of that name, not here.");
	zone_add_spf(&record, zone, "a");
	add_text(out, zone_has(zone, &zone->helo) ? "" : ";",
	    str_span(&zone->helo), str_span(&record));
	str_free(&record);
}

static void
print_spf(struct str *out, const struct zone *zone)
{
	bool is_host =
	    span_equal(str_span(&zone->domain), str_span(&zone->helo));
	struct str record = STR_INIT;

	/* The name in HELO has one record, whichever domain is asked about. */
	comment(out,
	    is_host
		? "SPF: mail of the domain, whose name this host says in HELO, is from it alone."
		: "SPF: mail of the domain is sent by its MX hosts, and nobody else.");
	comment(
	    out, "Put in others before -all: ip4:ADDRESS, or include:DOMAIN.");
	if (zone->has_outgoing)
		comment(out, "The address is that of control/bindroutes.");
	if (zone->has_relay)
		comment(out,
		    "It leaves by the relay of control/smtproutes, which has to be one of them.");
	zone_add_spf(&record, zone, is_host ? "a" : "mx");
	add_text(out, "", str_span(&zone->domain), str_span(&record));
	str_free(&record);
	if (zone_has_other_helo(zone))
		print_spf_of_host(out, zone);
}

static void
print_keys(struct str *out, const struct zone *zone)
{
	comment(
	    out, "DKIM: the keys that sign mail of the domain (control/dkim).");
	if (zone->keys.len == 0) {
		str_add_z(out, "; There are none: qmail-dkimkey ");
		str_add(out, str_span(&zone->domain));
		str_add_z(out, " makes some.\n");
	}
	if (!zone_is_signer(zone)) {
		str_add_z(out, "; They are those of ");
		str_add(out, str_span(&zone->signer));
		str_add_z(out, ", and published there.\n");
		return;
	}
	for (size_t i = 0; i < zone->keys.len; i++) {
		const struct zone_key *key = &zone->keys.at[i];
		struct str before = STR_INIT;

		if (key->wrong.len) {
			str_add_z(out, "; Left out: ");
			zone_add_plain(out, str_span(&key->wrong));
			str_add_byte(out, '\n');
			continue;
		}
		str_add(&before, str_span(&key->selector));
		str_add_z(&before, "._domainkey.");
		add_text(out, str_z(&before), str_span(&zone->domain),
		    str_span(&key->record));
		str_free(&before);
	}
}

static void
print_dmarc(struct str *out, const struct zone *zone)
{
	comment(out,
	    "DMARC: what others do with mail in the name of the domain that proves");
	comment(out,
	    "nothing.  p=none: they report it.  When the reports name no mail of");
	comment(out,
	    "yours for some weeks, go on to p=quarantine, and then to p=reject.");
	comment_reports(out, zone);
	add_reports(out, zone, "_dmarc.", "v=DMARC1; p=none; ");
	if (!zone->is_srs || zone_has_host(zone))
		return;
	comment(out,
	    "If that host is of another organization, its zone has to allow them:");
	str_add_byte(out, ';');
	str_add(out, str_span(&zone->domain));
	add_text(
	    out, "._report._dmarc.", str_span(&zone->host), SPAN("v=DMARC1"));
}

/* ---- TLS ---- */

static void
print_sts(struct str *out, const struct zone *zone)
{
	struct str record = STR_INIT;

	comment(out,
	    "MTA-STS: who sends to the domain insists on TLS.  It needs a web server");
	str_add_z(out, "; for https://mta-sts.");
	str_add(out, str_span(&zone->domain));
	str_add_z(out, "/.well-known/mta-sts.txt, with this:\n");
	comment(out, "\tversion: STSv1");
	comment(out, "\tmode: testing");
	str_add_z(out, "; \tmx: ");
	str_add(out, str_span(&zone->host));
	str_add_z(out, "\n");
	comment(out, "\tmax_age: 604800");
	comment(out,
	    "and an address for that name, and, for mail, a certificate of an");
	comment(out,
	    "authority.  When reports name no failure: mode: enforce.  The id has to");
	comment(out, "be another one whenever the file is.");
	str_add_z(&record, "v=STSv1; id=");
	date_add_digits(&record, clock_seconds());
	add_text(out, "_mta-sts.", str_span(&zone->domain), str_span(&record));
	str_free(&record);
}

static void
print_reports(struct str *out, const struct zone *zone)
{
	comment(out, "TLSRPT: where others report how TLS went.");
	comment_reports(out, zone);
	add_reports(out, zone, "_smtp._tls.", "v=TLSRPTv1; ");
}

static void
add_digest(struct str *out, const unsigned char digest[ZONE_DIGEST])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < ZONE_DIGEST; i++) {
		str_add_byte(out, digits[digest[i] >> 4]);
		str_add_byte(out, digits[digest[i] & 15]);
	}
}

static void
print_tlsa(struct str *out, const struct zone *zone)
{
	comment(out,
	    "TLSA: the key of that host's certificate (DANE).  It counts where the");
	comment(out,
	    "zone is signed (DNSSEC), and has to be there a day before a new key is");
	comment(out, "used, beside that of the old one.");
	comment_other_zone(out, zone);
	for (size_t i = 0; i < ZONE_CERTIFICATES; i++) {
		const struct zone_certificate *one = &zone->certificates[i];

		if (!one->is_there && i > 0)
			continue;
		str_add_z(out, "; ");
		str_add(out, str_span(&one->path));
		if (!one->is_there) {
			str_add_z(out, " is not there\n");
			continue;
		}
		if (one->wrong.len) {
			str_add_z(out, ": ");
			str_add(out, str_span(&one->wrong));
			str_add_byte(out, '\n');
			continue;
		}
		str_add_z(out, " has:\n");
		str_add_z(out, of_host(zone));
		begin(out, "_25._tcp.", str_span(&zone->host), "TLSA");
		str_add_z(out, "3 1 1 ");
		add_digest(out, one->digest);
		str_add_byte(out, '\n');
	}
}

void
zone_print(struct str *out, const struct zone *zone)
{
	static void (*const parts[])(struct str *, const struct zone *) = {
		print_mx, print_addresses, print_reverse, print_spf, print_keys,
		print_dmarc, print_sts, print_reports, print_tlsa
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (i > 0)
			str_add_byte(out, '\n');
		parts[i](out, zone);
	}
}
