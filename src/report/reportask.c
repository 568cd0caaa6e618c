/* reportask.c - who wants reports on a domain.  Input: DNS, hostile */
#include "reportask.h"

#include "base/ascii.h"
#include "base/scan.h"
#include "mail/address.h"
#include "mail/dmarcrecord.h"
#include "net/dmarc.h"
#include "net/dns.h"
#include "sys/clock.h"

/* All that is asked for one domain shares a deadline. */
struct asking {
	struct reporting *reporting;
	struct span domain;
	const struct reportask_kind *kind;
	struct dns dns;
	struct dmarc walk;  /* what it knows of organizations */
	int64_t host_began; /* when the first question about a host was asked */
};

/* ---- records ---- */

/* Whether a TXT record is one of this version, which is its first tag. */
static bool
is_record(struct span text, struct span version)
{
	struct span name, value;

	return dmarcrecord_next_tag(&text, &name, &value) &&
	    span_equal_nocase(name, SPAN("v")) && span_equal(value, version);
}

/* The list of URIs; empty: there is none. */
static struct span
find_rua(struct span record)
{
	struct span name, value;

	while (dmarcrecord_next_tag(&record, &name, &value))
		if (span_equal_nocase(name, SPAN("rua")))
			return value;
	return SPAN("");
}

/* ---- addresses ---- */

/* Whether it can be written into an envelope and a field as it is. */
static bool
is_address(struct span address)
{
	size_t at = span_find(address, '@');

	for (size_t i = 0; i < address.len; i++) {
		char c = address.s[i];

		if (!ascii_is_alnum(c) && !span_has(SPAN("@.-_+="), c))
			return false;
	}
	return at > 0 && at + 1 < address.len && address.len <= ADDRESS_MAX &&
	    !span_has(span_from(address, at + 1), '@');
}

/* Appends what is meant; RFC 3986 2.1.  What is no "%" and two digits stays. */
static void
add_decoded(struct str *text, struct span uri)
{
	for (size_t i = 0; i < uri.len; i++) {
		int high = i + 2 < uri.len ? ascii_hex_value(uri.s[i + 1]) : -1;
		int low = i + 2 < uri.len ? ascii_hex_value(uri.s[i + 2]) : -1;

		if (uri.s[i] == '%' && high >= 0 && low >= 0) {
			str_add_byte(text, (char)(high << 4 | low));
			i += 2;
		} else {
			str_add_byte(text, uri.s[i]);
		}
	}
}

/* "10m": bytes that are too many; RFC 7489 6.4.  Returns false if it is none. */
static bool
take_size(struct span text, uint64_t *size)
{
	static const char units[] = "kmgt";
	const char *unit =
	    text.len ? strchr(units, ascii_lower(text.s[text.len - 1])) : NULL;
	unsigned shift = 0;

	if (unit && *unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		text = span_upto(text, text.len - 1);
	}
	if (!scan_u64(text, UINT64_MAX >> shift, size))
		return false;
	*size <<= shift;
	return true;
}

/* Takes the next address out of such a list.  Returns false if there are no more. */
static bool
next_wish(struct span *rest, struct reportask_wish *wish)
{
	const struct span mailto = SPAN("mailto:");
	struct span uri;

	while (span_cut_next(rest, ',', &uri)) {
		size_t end;

		uri = span_trim(uri);
		if (!span_starts_nocase(uri, mailto))
			continue;
		uri = span_from(uri, mailto.len);
		end = span_find(uri, '!');
		wish->size = UINT64_MAX;
		if (end < uri.len &&
		    !take_size(span_from(uri, end + 1), &wish->size))
			continue;
		uri = span_upto(uri, end);
		str_reset(&wish->address);
		/* No fields, RFC 6068 2: they would be a stranger's. */
		add_decoded(
		    &wish->address, span_upto(uri, span_find(uri, '?')));
		if (is_address(str_span(&wish->address)))
			return true;
	}
	return false;
}

/* ---- questions ---- */

/*
 * Asks for the TXT records at a name, those of the version.
 *   records   receives them, each with a NUL behind it
 * Returns how many; -1: the DNS does not answer.
 */
static int
ask(struct asking *asking, struct span name, struct span version,
    struct str *records)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str text = STR_INIT;
	struct dnsname asked;
	int found = 0;

	if (dnsname_parse(name, &asked) &&
	    dns_ask(&asking->dns, &asked, DNS_TXT, &answer) == DNS_FAILED)
		found = -1;
	for (size_t i = 0; i < answer.records.list.len; i++) {
		str_reset(&text);
		dnspacket_text(&text, str_span(&answer.packet),
		    &answer.records.list.at[i]);
		if (!is_record(str_span(&text), version) ||
		    span_has(str_span(&text), '\0'))
			continue;
		str_add_field(records, str_span(&text));
		found++;
	}
	dnsanswer_free(&answer);
	str_free(&text);
	return found;
}

static void
say_silence(struct asking *asking, struct span name)
{
	reporting_fails(asking->reporting, name, "the DNS does not answer");
}

/* ---- consent ---- */

enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_NONE,  /* those of the host are silent */
	ANSWER_NEVER, /* those of the domain itself are */
};

/* Whether a host is of the organization of the domain. */
static enum answer
is_of_one(struct asking *asking, struct span host)
{
	struct dnsname ours, theirs, one, other;

	if (!dnsname_parse(asking->domain, &ours) ||
	    !dnsname_parse(host, &theirs))
		return ANSWER_NO;
	dnsname_lower(&ours);
	dnsname_lower(&theirs);
	if (dnsname_equal(&ours, &theirs))
		return ANSWER_YES;
	if (!dmarc_organization(&asking->walk, &ours, &one))
		return ANSWER_NEVER;
	asking->host_began = clock_monotonic();
	if (!dmarc_organization(&asking->walk, &theirs, &other))
		return ANSWER_NONE;
	return dnsname_equal(&one, &other) ? ANSWER_YES : ANSWER_NO;
}

/* Takes what one consent says: without rua the address stays; an address in there takes
 * its place, but not on another host. */
static bool
take_consent(struct span record, struct reportask_wish *wish)
{
	struct span rest = find_rua(record);
	struct reportask_wish other = { STR_INIT, 0 };
	bool result = rest.len == 0;

	while (!result && next_wish(&rest, &other)) {
		result =
		    span_equal_nocase(address_domain(str_span(&other.address)),
			address_domain(str_span(&wish->address)));
		if (result) {
			str_set(&wish->address, str_span(&other.address));
			wish->size = other.size;
		}
	}
	str_free(&other.address);
	return result;
}

/* Whether who has the address says that he wants reports on the domain; one of his
 * records is enough (RFC 9990). */
static enum answer
has_consent(
    struct asking *asking, struct span host, struct reportask_wish *wish)
{
	struct str name = STR_INIT, records = STR_INIT;
	enum answer answer = ANSWER_NO;
	struct span rest, record;

	str_add(&name, asking->domain);
	str_add_z(&name, "._report._dmarc.");
	str_add(&name, host);
	if (ask(asking, str_span(&name), span_of(asking->kind->version),
		&records) < 0)
		answer = ANSWER_NONE;
	rest = str_span(&records);
	while (answer == ANSWER_NO && span_cut_next(&rest, '\0', &record))
		if (take_consent(record, wish))
			answer = ANSWER_YES;
	str_free(&name);
	str_free(&records);
	return answer;
}

/* A host that did not answer is not asked again for other domains, unless it may be that
 * this domain had left it no time: else one could keep reports from all others. */
static void
note_silence(struct asking *asking, struct span host)
{
	if (asking->dns.deadline - asking->host_began >= REPORTASK_MS / 4 * 3)
		wordset_add(&asking->reporting->silent, host, SPAN(""));
}

static enum answer
ask_host(struct asking *asking, struct span host, struct reportask_wish *wish)
{
	enum answer answer;

	if (wordset_find(&asking->reporting->silent, host, NULL))
		return ANSWER_NONE;
	answer = is_of_one(asking, host);
	if (answer == ANSWER_NO)
		answer = has_consent(asking, host, wish);
	if (answer == ANSWER_NONE)
		note_silence(asking, host);
	return answer;
}

/* Whether the report may go to an address, which may be replaced. */
static bool
is_willing(struct asking *asking, struct reportask_wish *wish)
{
	struct str host = STR_INIT;
	enum answer answer;

	if (!asking->kind->needs_consent)
		return true;
	str_set(&host, address_domain(str_span(&wish->address)));
	answer = ask_host(asking, str_span(&host), wish);
	if (answer == ANSWER_NONE)
		say_silence(asking, str_span(&host));
	else if (answer == ANSWER_NEVER)
		say_silence(asking, asking->domain);
	str_free(&host);
	return answer == ANSWER_YES;
}

/* ---- a domain ---- */

static bool
is_among(const struct reportask_wish *wishes, size_t count, struct span address)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(str_span(&wishes[i].address), address))
			return true;
	return false;
}

/* Adds an address, if it has not been added, nor got the report. */
static void
add_wish(const struct asking *asking, struct reportask *ask_for,
    const struct reportask_wish *wish)
{
	struct span address = str_span(&wish->address);
	struct reportask_wish *new = &ask_for->wishes[ask_for->count];

	if (is_among(ask_for->wishes, ask_for->count, address) ||
	    reporting_was_sent(asking->reporting, asking->domain, address))
		return;
	*new = (struct reportask_wish){ STR_INIT, wish->size };
	str_set(&new->address, address);
	ask_for->count++;
}

static void
take_wishes(struct asking *asking, struct span rest, struct reportask *ask_for)
{
	struct reportask seen = { .count = 0 };
	struct reportask_wish wish = { STR_INIT, 0 };

	while (seen.count < REPORTASK_MAX && next_wish(&rest, &wish)) {
		struct span address = str_span(&wish.address);

		if (is_among(seen.wishes, seen.count, address))
			continue;
		str_set(&seen.wishes[seen.count++].address, address);
		if (reporting_was_sent(
			asking->reporting, asking->domain, address))
			continue;
		if (is_willing(asking, &wish))
			add_wish(asking, ask_for, &wish);
	}
	str_free(&wish.address);
	reportask_free(&seen);
}

/* How long all questions about a domain may take. */
static int64_t
deadline_of(const struct reporting *reporting)
{
	int64_t deadline = clock_monotonic() + REPORTASK_MS;

	return deadline < reporting->deadline ? deadline : reporting->deadline;
}

void
reportask_find(struct reporting *reporting, struct span domain,
    const struct reportask_kind *kind, struct reportask *ask_for)
{
	struct asking asking = {
		.reporting = reporting, .domain = domain, .kind = kind
	};
	struct str name = STR_INIT, records = STR_INIT;
	struct span rest, record;
	int found;

	*ask_for = (struct reportask){ .count = 0 };
	dns_open(&asking.dns, deadline_of(reporting));
	dmarc_init(&asking.walk, &asking.dns);
	str_add_z(&name, kind->prefix);
	str_add(&name, domain);
	found = ask(&asking, str_span(&name), span_of(kind->version), &records);
	rest = str_span(&records);
	if (found < 0)
		say_silence(&asking, str_span(&name));
	else if (found == 1 && span_cut_next(&rest, '\0', &record))
		take_wishes(&asking, find_rua(record), ask_for);
	dmarc_free(&asking.walk);
	str_free(&name);
	str_free(&records);
}

void
reportask_free(struct reportask *ask)
{
	for (size_t i = 0; i < ask->count; i++)
		str_free(&ask->wishes[i].address);
	ask->count = 0;
}
