/* reportline.c - lines for the log: of a message, and its domain.  Input: hostile */
#include "reportline.h"

#include "base/ascii.h"
#include "mail/address.h"
#include "net/ip.h"
#include "sys/fd.h"
#include "sys/logline.h"

#define NAME_MAX     253u /* bytes, RFC 1035 3.1 without the dot at its end */
#define SELECTOR_MAX 100u
#define RESULT_MAX   9u	 /* "permerror" */
#define NAMES	     4	 /* from, policy, envelope, identity */
#define WORDS_MAX    600 /* all else that is in the line */

_Static_assert(NAMES *NAME_MAX +
	    REPORTLINE_SIGNATURES * (RESULT_MAX + NAME_MAX + SELECTOR_MAX + 2) +
	    WORDS_MAX <
	FD_LINE_MAX,
    "a line is written in one piece");

/* ---- names ---- */

/* A name without bytes that a log or a report would have to write otherwise. */
static void
add_name(struct str *text, struct span name, struct span signs, size_t max)
{
	struct str plain = STR_INIT;
	struct dnsname parsed;

	if (dnsname_parse(name, &parsed)) {
		dnsname_lower(&parsed);
		dnsname_format(&plain, &parsed);
	} else {
		str_add(&plain, name);
	}
	for (size_t i = 0; i < plain.len && i < max; i++) {
		char c = plain.s[i];

		str_add_byte(
		    text, ascii_is_alnum(c) || span_has(signs, c) ? c : '?');
	}
	str_free(&plain);
}

static void
add_domain(struct str *line, const char *word, struct span domain)
{
	struct str name = STR_INIT;

	add_name(&name, domain, SPAN("-._[]:"), NAME_MAX);
	logline_quoted(line, word, str_span(&name));
	str_free(&name);
}

/* ---- what was done ---- */

static struct span
pass_word(bool is_pass)
{
	return is_pass ? SPAN("pass") : SPAN("fail");
}

/* What was done with it, and why that is not what the domain wants of mail that fails
 * (RFC 9990). */
static void
add_disposition(struct str *line, const struct message_check *check,
    const struct dmarc_verdict *dmarc)
{
	enum dmarc_policy done =
	    check->settings->enforces ? dmarc->disposition : DMARC_NONE;
	bool is_pass = dmarc->result == DMARC_RESULT_PASS;

	logline_quoted(line, " disposition",
	    is_pass ? SPAN("pass") : dmarc_policy_word(done));
	if (!is_pass && done != dmarc->policy)
		logline_quoted(line, " reason",
		    done == dmarc->disposition ? SPAN("policy_test_mode")
					       : SPAN("local_policy"));
}

/* What the domain has published. */
static void
add_published(struct str *line, const struct dmarc_verdict *dmarc)
{
	const struct dmarc_record *record = &dmarc->record;
	struct str domain = STR_INIT;

	dnsname_format(&domain, &dmarc->domain);
	add_domain(line, " policy", str_span(&domain));
	logline_quoted(line, " p", dmarc_policy_word(record->own));
	logline_quoted(line, " sp", dmarc_policy_word(record->below));
	logline_quoted(line, " np", dmarc_policy_word(record->nonexistent));
	logline_quoted(
	    line, " adkim", record->is_dkim_strict ? SPAN("s") : SPAN("r"));
	logline_quoted(
	    line, " aspf", record->is_spf_strict ? SPAN("s") : SPAN("r"));
	logline_quoted(line, " t", record->is_test ? SPAN("y") : SPAN("n"));
	str_free(&domain);
}

/* ---- signatures ---- */

/* All of it is plain, and longer than logline_quoted would leave it. */
static void
add_signature(struct str *line, size_t number, const struct dkim_check *check)
{
	str_add_z(line, " sig");
	str_add_u64(line, number);
	str_add_z(line, "=\"");
	str_add(line, dkim_outcome_word(check->outcome));
	str_add_byte(line, ':');
	add_name(line, check->signature.domain, SPAN("-._"), NAME_MAX);
	str_add_byte(line, ':');
	add_name(line, check->signature.selector, SPAN("-._"), SELECTOR_MAX);
	str_add_byte(line, '"');
}

/* Those that are good first: they are what a report is read for (RFC 9990). */
static void
add_signatures(struct str *line, const struct dkim_verify *dkim)
{
	size_t count = 0;

	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0;
		     i < dkim->checks.len && count < REPORTLINE_SIGNATURES;
		     i++) {
			const struct dkim_check *at = &dkim->checks.at[i];

			if ((at->outcome == DKIM_PASS) == (turn == 0))
				add_signature(line, ++count, at);
		}
}

void
reportline_add(struct str *line, const struct message_check *check,
    struct span author, const struct spf_verdict *spf,
    const struct dkim_verify *dkim, const struct dmarc_verdict *dmarc)
{
	struct ip_address address;

	if (!check->settings->reports ||
	    !ip_parse(check->question.ip, &address) ||
	    (dmarc->result != DMARC_RESULT_PASS &&
		dmarc->result != DMARC_RESULT_FAIL))
		return;
	logline_begin(line, "verifyd checked", check->question.ip);
	add_domain(line, " from", author);
	add_published(line, dmarc);
	add_disposition(line, check, dmarc);
	logline_quoted(line, " dkim", pass_word(dmarc->is_dkim_aligned));
	logline_quoted(line, " spf", pass_word(dmarc->is_spf_aligned));
	add_domain(line, " envelope", address_domain(check->question.sender));
	add_signatures(line, dkim);
	logline_quoted(
	    line, " scope", spf->is_helo ? SPAN("helo") : SPAN("mfrom"));
	add_domain(line, " identity", str_span(&spf->domain));
	logline_quoted(line, " result", spf_result_word(spf->result));
}

void
reportline_add_untold(
    struct str *line, const struct message_check *check, struct span author)
{
	logline_begin(line, "verifyd untold", check->question.ip);
	add_domain(line, " from", author);
	logline_quoted(line, " reason",
	    SPAN("the DNS does not tell the DMARC policy of the domain"));
}
