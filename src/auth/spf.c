/* spf.c - whether a host may send mail for a domain.  Input: hostile. */
#include "spf.h"

#include "base/ascii.h"
#include "base/must.h"
#include "base/utf8.h"
#include "net/spfmacro.h"
#include "spf_client.h"

#define FRAMES_MAX (SPF_TERMS_MAX + 1) /* a term for each but the first */
#define DOMAIN_MAX 253u		       /* bytes of a name, RFC 7208 7.3 */

/* A record that is being looked at.  One that includes another waits below it. */
struct frame {
	struct str text;
	struct spf_record record;
	struct dnsname name;	/* who has it */
	struct str domain;	/* the same */
	enum spf_result result; /* what the include is if this passes */
};

struct check {
	struct dns *dns;
	struct spf_verdict *verdict;
	struct spfmacro_values values;
	struct spf_client client;
	struct str sender, name_of_client;
	unsigned terms, voids;
	struct frame frames[FRAMES_MAX];
	size_t depth;
	bool is_over;
};

/* ---- ends ---- */

static void
end(struct check *check, enum spf_result result, const char *problem)
{
	check->is_over = true;
	check->verdict->result = result;
	check->verdict->problem = problem;
}

static void
end_unanswered(struct check *check)
{
	end(check, SPF_TEMPERROR,
	    dns_has_time(check->dns) ? "no answer from the DNS"
				     : "no time is left");
}

/* One more term that asks the DNS.  Returns false if that is too many. */
static bool
count_term(struct check *check)
{
	if (check->terms++ < SPF_TERMS_MAX)
		return true;
	end(check, SPF_PERMERROR, "too many terms that ask the DNS");
	return false;
}

/* What an answer means: whether there are records.  May end the check. */
static bool
is_found(struct check *check, enum dns_outcome outcome)
{
	switch (outcome) {
	case DNS_FOUND:
		return true;
	case DNS_FAILED:
		end_unanswered(check);
		return false;
	case DNS_NOTHING:
	case DNS_NO_NAME:
		break;
	}
	if (++check->voids > SPF_VOIDS_MAX)
		end(check, SPF_PERMERROR, "too many answers without records");
	return false;
}

/* ---- names ---- */

static struct frame *
top(struct check *check)
{
	return &check->frames[check->depth - 1];
}

/* Replaces the macros in a text of the record on top. */
static bool
expand(struct check *check, struct span text, struct str *out)
{
	struct frame *frame = top(check);

	check->values.domain = str_span(&frame->domain);
	if (spfmacro_has(text, 'p')) {
		str_reset(&check->name_of_client);
		spf_client_add_name(&check->client, check->dns, &frame->name,
		    &check->name_of_client);
		check->values.validated_name = str_span(&check->name_of_client);
	}
	return spfmacro_expand(out, text, &check->values);
}

/* Whom a term means.  Returns false if that can be nobody's name. */
static bool
find_target(struct check *check, struct span domain, struct dnsname *name)
{
	struct str out = STR_INIT;
	struct span text;
	bool is_name;

	*name = top(check)->name;
	if (domain.len == 0)
		return true;
	is_name = expand(check, domain, &out);
	text = str_span(&out);
	if (span_ends(text, SPAN(".")))
		text = span_upto(text, text.len - 1);
	while (text.len > DOMAIN_MAX)
		text = span_from(text, span_find(text, '.') + 1);
	is_name = is_name && dnsname_parse_bytes(text, name);
	str_free(&out);
	return is_name;
}

/* ---- records ---- */

/* The record of SPF in an answer.  Returns how many there are. */
static size_t
take_record(const struct dnsanswer *answer, struct str *record)
{
	struct str text = STR_INIT;
	size_t count = 0;

	for (size_t i = 0; i < answer->records.list.len; i++) {
		str_reset(&text);
		dnspacket_text(&text, str_span(&answer->packet),
		    &answer->records.list.at[i]);
		if (spfrecord_is(str_span(&text)) && count++ == 0)
			str_set(record, str_span(&text));
	}
	str_free(&text);
	return count;
}

/*
 * Looks for the record of a domain, into the frame on top.
 * Returns false if it has none, or the check is over.
 */
static bool
load(struct check *check, const struct dnsname *name)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct frame *frame = top(check);
	size_t count = 0;

	frame->name = *name;
	str_reset(&frame->domain);
	dnsname_format(&frame->domain, name);
	if (dnsname_labels(name) < 2)
		return false;
	switch (dns_ask(check->dns, name, DNS_TXT, &answer)) {
	case DNS_FOUND:
		count = take_record(&answer, &frame->text);
		break;
	case DNS_FAILED:
		end_unanswered(check);
		break;
	case DNS_NOTHING:
	case DNS_NO_NAME:
		break;
	}
	dnsanswer_free(&answer);
	if (count == 0)
		return false;
	if (count > 1)
		end(check, SPF_PERMERROR, "several records for one domain");
	else if (!spfrecord_parse(str_span(&frame->text), &frame->record))
		end(check, SPF_PERMERROR, "a record that cannot be read");
	return !check->is_over;
}

/* The same for a domain that a record sends us to, which needs one. */
static void
load_needed(struct check *check, bool is_name, const struct dnsname *name)
{
	if ((!is_name || !load(check, name)) && !check->is_over)
		end(check, SPF_PERMERROR, "no record where one is needed");
}

/* ---- mechanisms: whether they match; they may end the check ---- */

static unsigned
bits_of(const struct check *check, const struct spf_directive *directive)
{
	return check->client.address.family == 4 ? directive->bits4
						 : directive->bits6;
}

static bool
matches_a(struct check *check, const struct spf_directive *directive,
    const struct dnsname *name)
{
	bool is_within;

	return is_found(check,
		   spf_client_ask(&check->client, check->dns, name,
		       bits_of(check, directive), &is_within)) &&
	    is_within;
}

static bool
matches_mx(struct check *check, const struct spf_directive *directive,
    const struct dnsname *name)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	bool is_match = false;
	size_t count = 0;

	if (is_found(check, dns_ask(check->dns, name, DNS_MX, &answer)))
		count = answer.records.list.len;
	if (count > SPF_NAMES_MAX) {
		end(check, SPF_PERMERROR, "too many MX hosts");
		count = 0;
	}
	for (size_t i = 0; i < count && !is_match && !check->is_over; i++) {
		struct dnsname host = dnspacket_name(
		    str_span(&answer.packet), answer.records.list.at[i].at);

		if (!dnsname_is_root(&host))
			is_match = matches_a(check, directive, &host);
	}
	dnsanswer_free(&answer);
	return is_match;
}

static bool
matches_ptr(struct check *check, const struct dnsname *name)
{
	bool was_asked = check->client.is_asked;
	bool is_match = spf_client_is_in(&check->client, check->dns, name);

	/* What is not answered is no match (RFC 7208 5.5). */
	if (!was_asked && check->client.is_nobody)
		return is_found(check, DNS_NO_NAME);
	return is_match;
}

static bool
matches_exists(struct check *check, const struct dnsname *name)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	bool is_match =
	    is_found(check, dns_ask(check->dns, name, DNS_A, &answer));

	dnsanswer_free(&answer);
	return is_match;
}

/* Goes into the record of another domain; what that means is seen when it ends. */
static void
include(struct check *check, const struct spf_directive *directive)
{
	struct dnsname name;
	bool is_name = find_target(check, directive->domain, &name);

	must(check->depth < FRAMES_MAX);
	check->depth++;
	top(check)->result = directive->result;
	load_needed(check, is_name, &name);
}

static bool
matches(struct check *check, const struct spf_directive *directive)
{
	struct dnsname name;

	if (directive->mechanism == SPF_ALL)
		return true;
	if (directive->mechanism == SPF_IP4 || directive->mechanism == SPF_IP6)
		return ip_is_within(&check->client.address, &directive->network,
		    bits_of(check, directive));
	if (!count_term(check))
		return false;
	if (directive->mechanism == SPF_INCLUDE) {
		include(check, directive);
		return false;
	}
	if (!find_target(check, directive->domain, &name))
		return false;
	switch (directive->mechanism) {
	case SPF_A:
		return matches_a(check, directive, &name);
	case SPF_MX:
		return matches_mx(check, directive, &name);
	case SPF_PTR:
		return matches_ptr(check, &name);
	default:
		return matches_exists(check, &name);
	}
}

/* ---- the way through the records ---- */

/* The record on top has come to a result: that of the check, or an include. */
static void
finish(struct check *check, enum spf_result result)
{
	for (; check->depth > 1; check->depth--) {
		if (result != SPF_PASS) {
			check->depth--;
			return; /* the include does not match */
		}
		result = top(check)->result;
	}
	if (result != SPF_PASS && check->client.is_late)
		end(check, SPF_TEMPERROR, "no time is left for its names");
	else
		end(check, result, NULL);
}

static void
follow_redirect(struct check *check)
{
	struct dnsname name;
	bool is_name;

	if (!count_term(check))
		return;
	is_name = find_target(check, top(check)->record.redirect, &name);
	load_needed(check, is_name, &name);
}

static void
walk(struct check *check)
{
	struct spf_directive directive;

	while (!check->is_over) {
		struct frame *frame = top(check);

		if (spfrecord_next(&frame->record.terms, &directive)) {
			if (matches(check, &directive) && !check->is_over)
				finish(check, directive.result);
		} else if (frame->record.redirect.len) {
			follow_redirect(check);
		} else {
			finish(check, SPF_NEUTRAL);
		}
	}
}

/* ---- explanations ---- */

static bool
is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_printable(text.s[i]))
			return false;
	return true;
}

/* What the domain says of a fail.  Whatever is wrong with it: then nothing. */
static void
explain(struct check *check)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str text = STR_INIT, out = STR_INIT;
	struct span domain = top(check)->record.explanation;
	struct dnsname name;

	if (domain.len && find_target(check, domain, &name) &&
	    dns_ask(check->dns, &name, DNS_TXT, &answer) == DNS_FOUND &&
	    answer.records.list.len == 1) {
		dnspacket_text(&text, str_span(&answer.packet),
		    &answer.records.list.at[0]);
		if (spfmacro_is_explanation(str_span(&text)) &&
		    expand(check, str_span(&text), &out) &&
		    is_plain(str_span(&out)))
			str_set(&check->verdict->explanation,
			    span_upto(str_span(&out), SPF_EXPLANATION_MAX));
	}
	dnsanswer_free(&answer);
	str_free(&text);
	str_free(&out);
}

/* ---- what is asked ---- */

/* Whether a host may be asked about this domain at all. */
static bool
parse_domain(struct span text, struct dnsname *name)
{
	return !span_starts(text, SPAN("[")) && dnsname_parse(text, name);
}

/* Who is asked about: postmaster, where nobody is named. */
static bool
take_sender(
    struct check *check, const struct spf_query *query, struct dnsname *name)
{
	struct spf_verdict *verdict = check->verdict;
	size_t at = span_find_last(query->sender, '@');
	struct span domain = span_from(query->sender, at + 1);
	struct span local = span_upto(query->sender, at);

	verdict->is_helo = query->sender.len == 0;
	if (verdict->is_helo)
		domain = query->helo;
	if (!parse_domain(domain, name))
		return false;
	dnsname_format(&verdict->domain, name);
	if (local.len == 0)
		local = SPAN("postmaster");
	str_add(&check->sender, local);
	str_add_byte(&check->sender, '@');
	str_add(&check->sender, str_span(&verdict->domain));
	check->values.sender = str_span(&check->sender);
	check->values.local_part = span_upto(check->values.sender, local.len);
	check->values.sender_domain =
	    span_from(check->values.sender, local.len + 1);
	return true;
}

void
spf_check(
    struct dns *dns, const struct spf_query *query, struct spf_verdict *verdict)
{
	struct ip_address client = ip_unmapped(&query->client);
	struct check check = { .dns = dns,
		.verdict = verdict,
		.client = { .address = client },
		.values = { .helo = query->helo,
		    .receiver =
			query->receiver.len ? query->receiver : SPAN("unknown"),
		    .client = client,
		    .now = query->now },
		.depth = 1 };
	struct dnsname name;

	verdict->result = SPF_NONE;
	verdict->problem = NULL;
	str_reset(&verdict->domain);
	str_reset(&verdict->explanation);
	if (take_sender(&check, query, &name) && load(&check, &name))
		walk(&check);
	if (verdict->result == SPF_FAIL)
		explain(&check);
	for (size_t i = 0; i < FRAMES_MAX; i++) {
		str_free(&check.frames[i].text);
		str_free(&check.frames[i].domain);
	}
	str_free(&check.sender);
	str_free(&check.name_of_client);
}

void
spf_verdict_free(struct spf_verdict *verdict)
{
	str_free(&verdict->domain);
	str_free(&verdict->explanation);
}
