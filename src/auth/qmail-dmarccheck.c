/*
 * qmail-dmarccheck.c - says what a domain wants done with mail in its name (DMARC).
 * Runs as   the caller.
 * Reads     its arguments, names of strangers; control/authtimeout; DNS, hostile.
 * Writes    the result on descriptor 1.
 * Source    qmail-dmarccheck(8).
 */
#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "net/dmarc.h"
#include "settings.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/signal.h"

#define NAME	   "qmail-dmarccheck"
#define TROUBLE	   111
#define USAGE_EXIT 100

struct identifiers {
	struct dmarc_identifier at[DMARC_IDENTIFIERS_MAX];
	size_t count;
};

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(2,
	    SPAN("usage: " NAME
		 " domain [spf=result:domain] [dkim=result:domain] ...\n"));
	_exit(USAGE_EXIT);
}

/* ---- arguments ---- */

/* Results of SPF and DKIM (RFC 8601 2.7). */
static bool
parse_proof(struct span word, enum dmarc_proof *proof)
{
	static const char *const others[] = { "none", "neutral", "fail",
		"softfail", "permerror", "policy" };

	*proof = DMARC_PROVEN;
	if (span_equal(word, SPAN("pass")))
		return true;
	*proof = DMARC_UNCERTAIN;
	if (span_equal(word, SPAN("temperror")))
		return true;
	*proof = DMARC_UNPROVEN;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (span_equal(word, span_of(others[i])))
			return true;
	return false;
}

static bool
parse_identifier(struct span word, struct dmarc_identifier *identifier)
{
	size_t colon;

	identifier->is_spf = span_starts(word, SPAN("spf="));
	if (!identifier->is_spf && !span_starts(word, SPAN("dkim=")))
		return false;
	word = span_from(word, span_find(word, '=') + 1);
	colon = span_find(word, ':');
	identifier->domain = span_from(word, colon + 1);
	return colon < word.len &&
	    parse_proof(span_upto(word, colon), &identifier->proof);
}

static void
take_identifiers(struct identifiers *identifiers, char **words)
{
	for (; *words; words++)
		if (identifiers->count == DMARC_IDENTIFIERS_MAX ||
		    !parse_identifier(span_of(*words),
			&identifiers->at[identifiers->count++]))
			end_usage();
}

/* ---- the result ---- */

static void
add_name(struct str *line, const char *key, const struct dnsname *name)
{
	str_add_z(line, key);
	dnsname_format(line, name);
}

static void
add_policies(struct str *line, struct dmarc *dmarc, struct span author,
    const struct dmarc_verdict *verdict)
{
	struct dnsname name, organization;

	str_add_z(line, " p=");
	str_add(line, dmarc_policy_word(verdict->policy));
	str_add_z(line, " disposition=");
	str_add(line, dmarc_policy_word(verdict->disposition));
	add_name(line, " domain=", &verdict->domain);
	must(dnsname_parse(author, &name));
	dnsname_lower(&name);
	if (dmarc_organization(dmarc, &name, &organization))
		add_name(line, " org=", &organization);
}

static void
say(struct dmarc *dmarc, struct span author,
    const struct dmarc_verdict *verdict)
{
	struct str line = STR_INIT;

	str_add(&line, dmarc_result_word(verdict->result));
	if (verdict->result == DMARC_RESULT_PASS ||
	    verdict->result == DMARC_RESULT_FAIL)
		add_policies(&line, dmarc, author, verdict);
	str_add_byte(&line, '\n');
	if (fd_write_all(1, str_span(&line)) < 0)
		error_exit(NAME, "the result");
	str_free(&line);
}

int
main(int argc, char **argv)
{
	struct settings settings = SETTINGS_INIT;
	struct identifiers identifiers = { .count = 0 };
	struct dmarc_verdict verdict;
	struct span author;
	struct dmarc dmarc;
	struct dns dns;

	must_hooks(TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	if (argc < 2)
		end_usage();
	author = span_of(argv[1]);
	take_identifiers(&identifiers, argv + 2);
	settings_read(&settings, NAME);
	dns_open(&dns, settings_deadline(&settings));
	dmarc_init(&dmarc, &dns);
	dmarc_begin(&dmarc, author);
	dmarc_check(&dmarc, identifiers.at, identifiers.count, &verdict);
	say(&dmarc, author, &verdict);
	dmarc_free(&dmarc);
	settings_free(&settings);
	return 0;
}
