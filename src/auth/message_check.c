/* message_check.c - all checks of one message.  Input: hostile */
#include "message_check.h"

#include "author.h"
#include "dkim_verify.h"
#include "mail/authresults.h"
#include "net/dmarc.h"
#include "reportline.h"
#include "spf.h"
#include "sys/clock.h"

#define BLOCK	      65536
#define KEYS_SHARE    2	  /* half */
#define ALGORITHM_MAX 32u /* bytes that are written: ours are shorter */

/*
 * The answer has to fit into VERIFYDOOR_RECORD_MAX: DKIM_SIGNATURES_MAX signatures and
 * one line for the others, and some ten more values; each value has AUTHRESULTS_VALUE_MAX
 * bytes at most, twice as many where all are escaped.
 */
_Static_assert((DKIM_SIGNATURES_MAX + 1) *
		(2 * 2 * AUTHRESULTS_VALUE_MAX + 2 * ALGORITHM_MAX + 200) +
	    10 * 2 * AUTHRESULTS_VALUE_MAX + 2000 <
	VERIFYDOOR_RECORD_MAX,
    "an answer fits into a record");

/* ---- what is written ---- */

static void
add_property(struct str *text, const char *key, struct span value)
{
	str_add_byte(text, ' ');
	str_add_z(text, key);
	str_add_byte(text, '=');
	authresults_add_value(text, value);
}

static void
add_method(struct str *text, const char *method, struct span result)
{
	str_add_z(text, ";\n\t");
	str_add_z(text, method);
	str_add_byte(text, '=');
	str_add(text, result);
}

static void
add_spf(struct str *text, const struct message_check *check,
    const struct spf_verdict *verdict)
{
	add_method(text, "spf", spf_result_word(verdict->result));
	if (verdict->problem)
		add_property(text, "reason", span_of(verdict->problem));
	if (verdict->is_helo)
		add_property(text, "smtp.helo", check->question.helo);
	else
		add_property(text, "smtp.mailfrom", check->question.sender);
}

static void
add_signature(struct str *text, const struct dkim_check *check)
{
	const struct dkimsignature *signature = &check->signature;

	add_method(text, "dkim", dkim_outcome_word(check->outcome));
	if (check->outcome != DKIM_PASS)
		add_property(text, "reason", span_of(check->reason));
	else if (check->is_partial)
		add_property(
		    text, "reason", SPAN("text at the end is not signed"));
	if (signature->domain.len)
		add_property(text, "header.d", signature->domain);
	if (signature->selector.len)
		add_property(text, "header.s", signature->selector);
	if (signature->algorithm_word.len)
		add_property(text, "header.a",
		    span_upto(signature->algorithm_word, ALGORITHM_MAX));
	if (signature->start[0])
		add_property(text, "header.b", span_of(signature->start));
}

static struct span
why_untold(enum author_outcome outcome)
{
	switch (outcome) {
	case AUTHOR_BROKEN:
		return SPAN("a line of the header is no field, or has a CR");
	case AUTHOR_NONE:
		return SPAN("no field From");
	case AUTHOR_SEVERAL:
		return SPAN("several fields From");
	default:
		return SPAN("no domain of an author, or several");
	}
}

static void
add_dmarc(struct str *text, struct span author,
    const struct dmarc_verdict *verdict, enum author_outcome outcome)
{
	if (outcome != AUTHOR_FOUND) {
		add_method(text, "dmarc", SPAN("permerror"));
		add_property(text, "reason", why_untold(outcome));
		return;
	}
	add_method(text, "dmarc", dmarc_result_word(verdict->result));
	add_property(text, "header.from", author);
	if (verdict->result == DMARC_RESULT_PASS ||
	    verdict->result == DMARC_RESULT_FAIL)
		add_property(
		    text, "policy.dmarc", dmarc_policy_word(verdict->policy));
}

static void
add_quoted(struct str *text, const char *key, struct span value)
{
	str_add_z(text, key);
	authresults_add_quoted(text, value);
}

/* RFC 7208 9.1. */
static void
add_received_spf(struct str *text, const struct message_check *check,
    const struct spf_verdict *verdict)
{
	str_add_z(text, "Received-SPF: ");
	str_add(text, spf_result_word(verdict->result));
	add_quoted(text, " receiver=", str_span(&check->settings->me));
	str_add_z(text, "; identity=");
	str_add_z(text, verdict->is_helo ? "helo" : "mailfrom");
	add_quoted(text, ";\n\tclient-ip=", check->question.ip);
	add_quoted(text, "; helo=", check->question.helo);
	add_quoted(text, ";\n\tenvelope-from=", check->question.sender);
	str_add_byte(text, '\n');
}

/* ---- the checks ---- */

static int
read_message(struct dkim_verify *verify, struct verifydoor_message *message)
{
	static char block[BLOCK];
	ssize_t got;

	while ((got = verifydoor_read(message, block, sizeof(block))) > 0)
		dkim_verify_feed(verify, span_make(block, (size_t)got));
	return got < 0 ? -1 : 0;
}

static void
check_spf(const struct message_check *check, struct dns *dns,
    struct spf_verdict *verdict)
{
	struct spf_query query = { .helo = check->question.helo,
		.sender = check->question.sender,
		.receiver = str_span(&check->settings->me),
		.now = clock_seconds() };

	if (ip_parse(check->question.ip, &query.client)) {
		spf_check(dns, &query, verdict);
		return;
	}
	verdict->result = SPF_NONE; /* it did not come by TCP/IP */
	verdict->is_helo = check->question.sender.len == 0;
}

static enum dmarc_proof
proof_of_signature(const struct dkim_check *check)
{
	if (check->outcome == DKIM_TEMPERROR)
		return DMARC_UNCERTAIN;
	/* What anybody can add to proves nothing of the whole (RFC 6376 8.2). */
	return check->outcome == DKIM_PASS && !check->is_partial &&
		!check->is_testing
	    ? DMARC_PROVEN
	    : DMARC_UNPROVEN;
}

static enum dmarc_proof
proof_of_spf(const struct spf_verdict *verdict)
{
	if (verdict->result == SPF_TEMPERROR)
		return DMARC_UNCERTAIN;
	return verdict->result == SPF_PASS ? DMARC_PROVEN : DMARC_UNPROVEN;
}

static void
check_dmarc(struct dmarc *dmarc, const struct spf_verdict *spf,
    const struct dkim_verify *dkim, struct dmarc_verdict *verdict)
{
	struct dmarc_identifier identifiers[DKIM_SIGNATURES_MAX + 1];
	size_t count = 0;

	identifiers[count++] = (struct dmarc_identifier){ .is_spf = true,
		.proof = proof_of_spf(spf),
		.domain = str_span(&spf->domain) };
	for (size_t i = 0; i < dkim->checks.len && count <= DKIM_SIGNATURES_MAX;
	     i++)
		identifiers[count++] = (struct dmarc_identifier){
			.proof = proof_of_signature(&dkim->checks.at[i]),
			.domain = dkim->checks.at[i].signature.domain
		};
	dmarc_check(dmarc, identifiers, count, verdict);
}

/* Has it known of a domain that was proven whether it is of the author's organization,
 * while there is time. */
static void
learn_organization(struct dmarc *dmarc, struct span domain)
{
	struct dnsname name, organization;

	if (!dmarc_is_near(dmarc, domain) || !dnsname_parse(domain, &name))
		return;
	dnsname_lower(&name);
	(void)!dmarc_organization(dmarc, &name, &organization);
}

/*
 * Asks for the keys of the author's organization, within their share of the time: there
 * may be ten for one that is right, and what is left is for SPF.
 */
static void
check_near(struct dmarc *dmarc, struct dns *dns, struct dkim_verify *dkim)
{
	int64_t deadline = dns->deadline;

	dns->deadline = clock_monotonic() + dns_time_left(dns) / KEYS_SHARE;
	for (size_t i = 0; i < dkim->checks.len && dns_has_time(dns); i++) {
		struct dkim_check *one = &dkim->checks.at[i];

		if (!dmarc_is_near(dmarc, one->signature.domain))
			continue;
		dkim_verify_key(one, dns);
		if (one->outcome == DKIM_PASS)
			learn_organization(dmarc, one->signature.domain);
	}
	dns->deadline = deadline;
}

/*
 * All that the DNS is asked.  Whoever sent this has chosen most of the names, and their
 * servers may be silent: what decides is asked first, and that is the author's domain,
 * then the keys that may prove something of it.
 */
static void
check_all(const struct message_check *check, struct span author,
    bool has_author, struct spf_verdict *spf, struct dkim_verify *dkim,
    struct dmarc_verdict *verdict)
{
	struct dmarc dmarc;
	struct dns dns;

	dns_open(&dns, settings_deadline(check->settings));
	dmarc_init(&dmarc, &dns);
	dmarc.tells_all = check->settings->reports;
	if (has_author)
		dmarc_begin(&dmarc, author);
	check_near(&dmarc, &dns, dkim);
	check_spf(check, &dns, spf);
	if (spf->result == SPF_PASS)
		learn_organization(&dmarc, str_span(&spf->domain));
	for (size_t i = 0; i < dkim->checks.len; i++)
		dkim_verify_key(&dkim->checks.at[i], &dns);
	if (has_author)
		check_dmarc(&dmarc, spf, dkim, verdict);
	dmarc_free(&dmarc);
}

static enum verifydoor_wish
wish_of(const struct dmarc_verdict *verdict, enum author_outcome outcome)
{
	switch (outcome) {
	case AUTHOR_FOUND:
		break;
	case AUTHOR_BROKEN:
		return VERIFYDOOR_NO_HEADER;
	case AUTHOR_NONE:
		return VERIFYDOOR_NO_FROM;
	case AUTHOR_SEVERAL:
		return VERIFYDOOR_SEVERAL_FROM;
	case AUTHOR_UNTOLD:
		return VERIFYDOOR_NO_AUTHOR;
	}
	if (verdict->result == DMARC_RESULT_TEMPERROR &&
	    verdict->disposition != DMARC_NONE)
		return VERIFYDOOR_UNSURE;
	if (verdict->result != DMARC_RESULT_FAIL)
		return VERIFYDOOR_NOTHING;
	switch (verdict->disposition) {
	case DMARC_REJECT:
		return VERIFYDOOR_REJECT;
	case DMARC_QUARANTINE:
		return VERIFYDOOR_QUARANTINE;
	default:
		return VERIFYDOOR_NOTHING;
	}
}

int
message_check_run(struct message_check *check, struct verifydoor_answer *answer)
{
	struct spf_verdict spf = SPF_VERDICT_INIT;
	struct dmarc_verdict dmarc = { .result = DMARC_RESULT_NONE };
	struct str author = STR_INIT, *text = &answer->fields;
	struct dkim_verify dkim;
	enum author_outcome outcome;
	int result;

	dkim_verify_begin(&dkim);
	result = read_message(&dkim, &check->message);
	if (result < 0)
		goto done;
	dkim_verify_end(&dkim, clock_seconds());
	outcome = author_find(&dkim.header, &author);
	check_all(check, str_span(&author), outcome == AUTHOR_FOUND, &spf,
	    &dkim, &dmarc);
	str_set(text, SPAN(AUTHRESULTS_NAME ": "));
	authresults_add_value(text, check->id);
	add_spf(text, check, &spf);
	for (size_t i = 0; i < dkim.checks.len; i++)
		add_signature(text, &dkim.checks.at[i]);
	if (dkim.checks.len == 0)
		add_method(text, "dkim", SPAN("none"));
	add_dmarc(text, str_span(&author), &dmarc, outcome);
	str_add_byte(text, '\n');
	add_received_spf(text, check, &spf);
	answer->wish = wish_of(&dmarc, outcome);
	str_set(&answer->domain, str_span(&author));
	reportline_add(
	    &check->line, check, str_span(&author), &spf, &dkim, &dmarc);
	if (dmarc.is_untold && check->settings->enforces)
		reportline_add_untold(&check->line, check, str_span(&author));
done:
	dkim_verify_free(&dkim);
	spf_verdict_free(&spf);
	str_free(&author);
	return result;
}
